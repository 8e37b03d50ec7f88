/** @file `lxmert answer`. */

import { z } from 'zod';
import { UsageError } from '../../common/errors.js';
import { answerQuestion, regionsFor } from '../../inference/answerQuestion.js';
import { disposeModels, loadEnsemble } from '../../inference/ensemble.js';
import { defineCommand } from '../command.js';
import { modelOptions, modelSource } from '../modelOptions.js';
import { existingPath } from '../options.js';

export const command = defineCommand({
  description:
    'Answers one question about one image. The image is a picture of a sample-world kind (its regions are found from ' +
    'its pixels), or, with --features, the id of an image whose region features lie in a store or an obj36 TSV file.',
  examples: [
    {
      command: 'lxmert answer scene.png "What color is the ring?" --model quickstart/run',
      does: 'asks about a picture',
    },
    {
      command:
        'lxmert answer COCO_train2014_000000131486 "What is on the table?" --features train2014_obj36.tsv --model BEST.pth --vocab vocab.txt --answers trainval_label2ans.json',
      does: 'asks about a photo by its published features',
    },
  ],
  arguments: z.strictObject({
    image: z.string().min(1).describe('Picture file, or an image id with --features'),
    question: z.string().min(1).describe('The question, in quotes'),
  }),
  options: z.strictObject({
    ...modelOptions,
    features: existingPath().optional().describe('Feature store or obj36 TSV file that holds the image'),
    top: z.int().min(1).max(100).default(3).describe('Answers to print'),
  }),
  async run({ arguments: { image, question }, options }) {
    if (question.trim() === '') throw new UsageError('The question is empty.');
    const answering = await loadEnsemble(options.model, modelSource(options));
    try {
      using regions = await regionsFor(image, options.features, answering.pixelRegions);
      const answers = answerQuestion(answering, regions, image, question, options.top);
      return { image, question, answers };
    } finally {
      disposeModels(answering);
    }
  },
  render: ({ answers }) =>
    answers
      .map(({ answer, probability }) => `${(100 * probability).toFixed(1).padStart(5)} %  ${answer}`)
      .join('\n'),
});
