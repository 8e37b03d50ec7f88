/** @file `lxmert answer`. */

import { z } from 'zod';
import { LxmertError, UsageError } from '../../common/errors.js';
import { placeOf } from '../../explain/regionPlace.js';
import { formatPercent } from '../../formats/numbers.js';
import { describeRegion, type ImageRegion } from '../../inference/imageRegions.js';
import type { LxmertAnswer } from '../../inference/lxmert.js';
import type { RankedAnswer } from '../../tasks/index.js';
import { loadWarning } from '../../torch/index.js';
import { answerLines } from '../answerLines.js';
import { defineCommand } from '../command.js';
import { cutNotice, loadAskedModel } from '../models/askedModel.js';
import { withDefaultModels } from '../models/defaultModels.js';
import { existingFile, existingPath, outputFile } from '../options.js';
import { askedPicture, refuseTwoSources } from '../pictures/askedPicture.js';
import { writeExplanation } from '../pictures/explanationFile.js';
import { withNamesBeside } from '../pictures/namesBeside.js';
import { repeatCommand } from '../repeat.js';
import { choicesOption } from '../sharedOptions/choicesOption.js';
import { detectionOptions } from '../sharedOptions/detectorOptions.js';
import { askedModelsOption, modelOptions, otherFeaturesOption } from '../sharedOptions/modelOptions.js';
import { askedArguments, askedOf, sampleOption } from '../sharedOptions/sampleOption.js';

/** Kinds of regions that are printed, the surest first; all of them are in the JSON. */
const MAX_SEEN = 10;
type Result = { readonly image: string; readonly explain: string | null } & LxmertAnswer;

export const command = defineCommand({
  description:
    'Answers one question about one image: a photo, which --detector finds the regions of; a picture of the sample world, ' +
    'whose regions are found from its pixels; or, with --features, the id of an image whose region features lie in a store or ' +
    'an obj36 TSV file. --explain writes a page that shows what the answer was found in. Without --model the published model of VQA v2 ' +
    "answers (unc-nlp/lxmert-vqa-uncased, with the detector unc-nlp/frcnn-vg-finetuned), found in the cache that Python's programs " +
    'share, or fetched after a question; with --sample, and for pictures of a quickstart made here, the model of the sample world.',
  examples: [
    {
      command: 'lxmert answer photo.jpg "What is the man holding?"',
      does: 'asks the published model about a photo; says first what it would fetch',
    },
    {
      command: 'lxmert answer --sample 3 "What color is the circle?"',
      does: 'asks the small model that comes with lxmert about a scene that comes with it',
    },
    {
      command: 'lxmert answer --sample 3 "What color is the circle?" --choices "red, green, blue"',
      does: 'scores these answers alone: multiple choice',
    },
    {
      command: 'lxmert answer scene.png "What color is the ring?" --model quickstart/run',
      does: 'asks about a picture of the sample world',
    },
    {
      command:
        'lxmert answer photo.jpg "What is the man holding?" --model runs/vqa --detector resnet101.caffemodel --explain why.html',
      does: 'asks about a photo, and shows what the answer was found in',
    },
    {
      command:
        'lxmert answer COCO_train2014_000000131486 "What is on the table?" --features train2014_obj36.tsv --model BEST.pth --vocab vocab.txt --answers trainval_label2ans.json',
      does: 'asks about a photo by its published features',
    },
  ],
  arguments: askedArguments,
  options: z.strictObject({
    ...sampleOption,
    ...modelOptions,
    model: askedModelsOption
      .min(0)
      .default([])
      .describe(`${askedModelsOption.description} [default: unc-nlp/lxmert-vqa-uncased]`),
    ...detectionOptions,
    features: existingPath()
      .optional()
      .describe('Feature store, or file that lxmert features convert takes, that holds the image'),
    ...otherFeaturesOption,
    top: z.int().min(1).max(100).default(3).describe('Answers to print'),
    choices: choicesOption.optional(),
    explain: outputFile()
      .optional()
      .describe('Write a page that shows what the answer was found in; of several models, by removal'),
    picture: existingFile().optional().describe('With --features and --explain: the picture, to draw on'),
  }),
  async run({ arguments: given, options, notice, findModels }): Promise<Result> {
    const { image, question } = askedOf(given, options);
    refuseContradictions(options);
    const { features, top, choices, explain, picture } = options;
    const complete = await withDefaultModels(options, image, { notice, findModels });
    await using lxmert = await loadAskedModel(withNamesBeside(complete), 'answers');
    const imageRegions = await lxmert.detectRegions(await askedPicture(image, options));
    for (const warning of lxmert.warnings) notice(warning);
    const busy = loadWarning(undefined, true);
    if (busy !== undefined) notice(busy);
    const answer = await lxmert.answer(imageRegions, question, { topK: top, choices });
    if (answer.answers.every(({ isKnown }) => isKnown === false)) throw noneKnown(answer.answers);
    if (answer.isCut) notice(cutNotice(lxmert.maxLength));
    if (explain !== undefined) {
      await writeExplanation({
        file: explain,
        imageRegions,
        explain: (regions, method) => lxmert.explain(regions, question, Math.max(top, 5), method),
        origin: {
          picture: image,
          model: complete.model.join(', '),
          command: repeatCommand(['explain', image, question], complete),
        },
        picture: features === undefined ? image : picture,
      });
    }
    return { image, explain: explain ?? null, ...answer };
  },
  // Boxes as the API and explanations write them.
  json: ({ regions, ...result }) => ({
    ...result,
    regions: regions.map((region) => ({ ...region, box: cornersOf(region) })),
  }),
  render: ({ answers, regions, explain, width, height }, view) =>
    [
      ...answerLines(answers, view),
      ...seenLines(regions, { width, height }),
      ...(explain === null ? [] : ['', `What the model looked at: ${explain}`]),
    ].join('\n'),
});

function noneKnown(answers: readonly RankedAnswer[]): LxmertError {
  return new LxmertError(
    `None of the choices is among the model's answers: ${answers.map(({ answer }) => `'${answer}'`).join(', ')}. A model gives the answers of its table alone.`,
  );
}

function cornersOf({ box: { x1, y1, x2, y2 } }: ImageRegion): [number, number, number, number] {
  return [x1, y1, x2, y2];
}

function refuseContradictions(options: {
  features?: string | undefined;
  detector?: string | undefined;
  picture?: string | undefined;
  explain?: string | undefined;
}): void {
  const { features, picture, explain } = options;
  refuseTwoSources(options);
  if (picture !== undefined && (features === undefined || explain === undefined)) {
    throw new UsageError(
      '--picture is what --explain draws on when regions come from --features: give both, or leave it out.',
    );
  }
}

function seenLines(regions: readonly ImageRegion[], size: { width: number; height: number }): string[] {
  const seen = new Map<string, { times: number; confidence: number; place: string }>();
  for (const region of regions) {
    const description = describeRegion(region);
    if (description === undefined) continue;
    const { times = 0, confidence = 0 } = seen.get(description) ?? {};
    seen.set(description, {
      times: times + 1,
      confidence: Math.max(confidence, region.object?.confidence ?? 0),
      place: placeOf(cornersOf(region), size),
    });
  }
  if (seen.size === 0) return [];
  const surest = [...seen].sort(([, a], [, b]) => b.confidence - a.confidence);
  const more = surest.length - MAX_SEEN;
  return [
    '',
    'Seen in the picture:',
    ...surest
      .slice(0, MAX_SEEN)
      .map(
        ([name, { times, confidence, place }]) =>
          `${formatPercent(confidence, 1).padStart(7)}  ${name}, ${times > 1 ? `${times} times` : place}`,
      ),
    ...(more > 0 ? [`         and ${more} more (--json lists all)`] : []),
  ];
}
