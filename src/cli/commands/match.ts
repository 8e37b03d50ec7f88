/** @file `lxmert match`. */

import { z } from 'zod';
import { UsageError } from '../../common/errors.js';
import { formatPercent } from '../../formats/numbers.js';
import type { LxmertMatch } from '../../inference/lxmert.js';
import { loadWarning } from '../../torch/index.js';
import { defineCommand } from '../command.js';
import { loadAskedModel } from '../models/askedModel.js';
import { withDefaultModels } from '../models/defaultModels.js';
import { existingPath } from '../options.js';
import { askedPicture, refuseTwoSources } from '../pictures/askedPicture.js';
import { detectionOptions } from '../sharedOptions/detectorOptions.js';
import { askedModelsOption, modelOptions, otherFeaturesOption } from '../sharedOptions/modelOptions.js';

type Match = { readonly image: string } & LxmertMatch;

// Matching reads no answers.
const { answers: _, ...matchingModelOptions } = modelOptions;

export const command = defineCommand({
  description:
    'Prints the probability that each sentence belongs to a picture, the most probable first, by the matching head that ' +
    'pre-training trains; with --sentence, that one sentence belongs to each of several pictures. Pictures are given as for ' +
    'lxmert answer: files, or with --features the ids of images in a store or an obj36 TSV file.',
  examples: [
    {
      command:
        'lxmert match photo.jpg "A cat on a sofa." "Two men play chess." --model model_LXRT.pth --vocab vocab.txt --detector resnet101.caffemodel',
      does: 'says which sentence belongs to a photo',
    },
    {
      command:
        'lxmert match a.png b.png c.png --sentence "A red circle above a star." --model runs/sample-pretrain',
      does: 'says which picture a sentence belongs to',
    },
  ],
  arguments: z.strictObject({
    picture: z.string().min(1).describe('Picture file, or an image id with --features'),
    sentences: z
      .array(z.string().min(1).meta({ holdsCommas: true }))
      .optional()
      .describe('Sentences, each in quotes; with --sentence, further pictures'),
  }),
  options: z.strictObject({
    sentence: z.string().optional().describe('One sentence: then all arguments are pictures'),
    ...matchingModelOptions,
    model: askedModelsOption,
    ...detectionOptions,
    features: existingPath()
      .optional()
      .describe('Feature store, or file that lxmert features convert takes, that holds the images'),
    ...otherFeaturesOption,
  }),
  async run({ arguments: { picture, sentences: others = [] }, options, notice, findModels }) {
    const { sentence } = options;
    refuseTwoSources(options);
    const pictures = sentence === undefined ? [picture] : [picture, ...others];
    const sentences = sentence === undefined ? others : [sentence];
    if (sentences.length === 0) {
      throw new UsageError(
        'There is no sentence: give some behind the picture, each in quotes, or one for several pictures with --sentence.',
      );
    }
    if (sentences.some((each) => each.trim() === '')) throw new UsageError('The sentence is empty.');
    const complete = await withDefaultModels(options, picture, { notice, findModels });
    await using lxmert = await loadAskedModel(complete, 'matching');
    const matches: Match[] = [];
    for (const image of pictures) {
      const found = await lxmert.match(await askedPicture(image, options), sentences);
      matches.push(...found.map((match) => ({ image, ...match })));
    }
    for (const warning of lxmert.warnings) notice(warning);
    const busy = loadWarning(undefined, true);
    if (busy !== undefined) notice(busy);
    if (matches.some(({ isCut }) => isCut)) {
      notice(
        `The model reads ${lxmert.maxLength - 2} word pieces; the end of a longer sentence is beyond them and was not read.`,
      );
    }
    return {
      matches: matches.sort((a, b) => b.probability - a.probability),
      ofPictures: sentence !== undefined,
    };
  },
  json: ({ matches }) => ({ matches }),
  render: ({ matches, ofPictures }, view) =>
    matches
      .map(({ probability, image, sentence }) => {
        return `${formatPercent(probability, 1).padStart(7)}  ${view.bar(probability)}${ofPictures ? image : sentence}`;
      })
      .join('\n'),
});
