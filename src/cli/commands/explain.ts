/** @file `lxmert explain`. */

import { z } from 'zod';
import { UsageError } from '../../common/errors.js';
import { readRow } from '../../features/files.js';
import { formatPercent } from '../../formats/numbers.js';
import { LxmertImage } from '../../inference/lxmertImage.js';
import { sampleModel } from '../../quickstart/sampleModel.js';
import { loadAskedModel } from '../askedModel.js';
import { defineCommand } from '../command.js';
import { detectionOptions } from '../detectorOptions.js';
import { writeExplanation } from '../explanationFile.js';
import { modelOptions, otherFeaturesOption } from '../modelOptions.js';
import { existingFile, existingPath, outputPath, weightsPath } from '../options.js';
import { askedArguments, askedOf, sampleOption } from '../sampleOption.js';

interface Result {
  readonly image: string;
  readonly question: string;
  readonly output: string;
  readonly answers: readonly {
    readonly answer: string;
    readonly probability: number;
    /** What counted most for it, the most first. */
    readonly words: readonly Counted[];
    readonly regions: readonly (Counted & { readonly box: readonly number[] })[];
  }[];
}

interface Counted {
  readonly name: string;
  readonly share: number;
}

/** Words and regions that are listed for each answer. */
const MOST_LISTED = 5;

export const command = defineCommand({
  description:
    'Answers one question about one image and writes a web page, one file that needs no network, that shows what the answer was ' +
    'found in: how much each word and region counted for each answer, and what every word and region looked at in every ' +
    'cross-modality layer and head. Without --model the model of the sample world answers: that of a quickstart made ' +
    'here, else the one that comes with lxmert.',
  examples: [
    {
      command: 'lxmert explain --sample 3 "What color is the circle?"',
      does: 'explains an answer about a scene that comes with lxmert',
    },
    {
      command: 'lxmert explain scene.png "What color is the ring?" --output why.html',
      does: 'explains an answer about a picture of the sample world',
    },
    {
      command:
        'lxmert explain photo.jpg "What is the man holding?" --model runs/vqa --detector resnet101.caffemodel --output why.html',
      does: 'explains an answer about a photo',
    },
  ],
  arguments: askedArguments,
  options: z.strictObject({
    ...sampleOption,
    output: outputPath().default('explanation.html').describe('Page to write'),
    ...modelOptions,
    model: weightsPath()
      .optional()
      .describe("Exported folder, run folder, or a weights file [default: the sample world's model]"),
    ...detectionOptions,
    features: existingPath().optional().describe('Feature store or obj36 TSV file that holds the image'),
    ...otherFeaturesOption,
    top: z.int().min(1).max(100).default(5).describe('Answers to explain'),
    picture: existingFile().optional().describe('With --features: the picture, to draw on'),
  }),
  async run({ arguments: given, options, notice }): Promise<Result> {
    const { image, question } = askedOf(given, options);
    const { features, picture, detector } = options;
    if (features !== undefined && detector !== undefined) {
      throw new UsageError(
        '--features has the regions already and --detector would find them: give one of the two.',
      );
    }
    if (picture !== undefined && features === undefined) {
      throw new UsageError('--picture is for regions that come from --features; leave it out.');
    }
    const model = [options.model ?? sampleModel({ notice })];
    await using lxmert = await loadAskedModel({ ...options, model }, 'answers');
    const imageRegions = await lxmert.detectRegions(
      features === undefined ? image : LxmertImage.fromRow(await readRow(features, image)),
    );
    for (const warning of lxmert.warnings) notice(warning);
    const explanation = await writeExplanation({
      file: options.output,
      imageRegions,
      explain: (regions) => lxmert.explain(regions, question, options.top),
      picture: features === undefined ? image : picture,
    });
    const { answers, relevance, words, regions } = explanation;
    return {
      image,
      question,
      output: options.output,
      answers: answers.map((answer, i) => ({
        ...answer,
        words: largest(relevance[i]?.words ?? []).map(({ place, share }) => ({
          name: words[place] ?? '',
          share,
        })),
        regions: largest(relevance[i]?.regions ?? []).map(({ place, share }) => ({
          name: regions[place]?.label ?? `region ${place + 1}`,
          share,
          box: regions[place]?.box ?? [],
        })),
      })),
    };
  },
  render(result) {
    const list = (counted: readonly Counted[]): string =>
      counted
        .slice(0, 3)
        .map(({ name, share }) => `${name} ${formatPercent(share, 1)}`)
        .join(', ');
    const [best] = result.answers;
    return [
      ...result.answers.map(
        ({ answer, probability }) => `${formatPercent(probability, 1).padStart(7)}  ${answer}`,
      ),
      '',
      `Counted most for "${best?.answer}": ${list(best?.regions ?? [])}; of the words ${list(best?.words ?? [])}.`,
      `The whole picture: ${result.output}`,
    ].join('\n');
  },
});

function largest(shares: readonly number[]): { place: number; share: number }[] {
  return shares
    .map((share, place) => ({ place, share }))
    .sort((a, b) => b.share - a.share)
    .slice(0, MOST_LISTED);
}
