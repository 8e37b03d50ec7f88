/** @file `lxmert sample`. */

import { z } from 'zod';
import { makeSampleWorld } from '../../data/sampleWorld/makeSampleWorld.js';
import { pixelExtractor } from '../../vision/pixelExtractor.js';
import { defineCommand } from '../command.js';
import { outputPath } from '../options.js';
import { seedOption } from '../sharedOptions/seedOption.js';

export const command = defineCommand({
  description:
    'Draws a small world: pictures of colored shapes, region features from their pixels (obj36 TSV), questions in the ' +
    'formats of VQA and GQA, statements about pairs of pictures in the format of NLVR2, captions for pre-training, ' +
    'answer tables and a vocabulary. The same seed gives the same world.',
  examples: [
    { command: 'lxmert sample world --num-images 500 --seed 1', does: 'makes a world of 500 pictures' },
  ],
  arguments: z.strictObject({ folder: outputPath().describe('Folder to make; it must not hold files yet') }),
  options: z.strictObject({
    numImages: z.int().min(20).max(1_000_000).default(1000).describe('Pictures, all splits together'),
    ...seedOption('everything drawn', 1),
    numBoxes: z.int().min(6).max(100).default(36).describe('Regions of each picture'),
    questionsPerImage: z.int().min(1).max(50).default(10).describe('Questions about each picture, at most'),
    captionsPerImage: z.int().min(1).max(50).default(5).describe('Captions of each picture, at most'),
    maxObjects: z.int().min(2).max(8).default(5).describe('Objects in a picture, at most'),
  }),
  async run({ arguments: { folder }, options, progress, signal }) {
    const display = progress('Drawing scenes', 'images');
    const extractor = pixelExtractor({ numBoxes: options.numBoxes });
    return await makeSampleWorld({ ...options, folder, extractor, progress: display, signal }).finally(() =>
      display.stop(),
    );
  },
  render: (world) => {
    const count = (values: Readonly<Record<string, number>>): string =>
      Object.entries(values)
        .map(([split, number]) => `${split} ${number}`)
        .join(', ');
    return [
      `Images: ${count(world.numImages)}`,
      `Questions: ${count(world.numQuestions)}`,
      `GQA-style questions: ${count(world.numGqaQuestions)}`,
      `NLVR2-style examples: ${count(world.numNlvr2Examples)}`,
      `Captions: ${count(world.numCaptions)}`,
      `Answers: ${world.numAnswers}. Kept from training: ${world.heldOutPairs.map(({ color, shape }) => `${color} ${shape}`).join(', ')}.`,
      `The world is in ${world.folder}.`,
    ].join('\n');
  },
});
