/** @file Classification of sentences about images of one's own, as JSON lines (docs/how-to/custom-data.md). */

import { streamCustomExamples } from '../data/annotations/customAnnotations.js';
import type { AnsweringTask } from './answeringTask.js';
import type { DumpFormat } from './dumpFormat.js';

/** JSON lines `{"id", "answer"}`. */
const linesDump: DumpFormat = {
  opening: '',
  separator: '',
  closing: '',
  empty: '',
  row: ({ questionId }, answer) => `${JSON.stringify({ id: questionId, answer })}\n`,
};

const base = {
  answers: 'built',
  unknownAnswers: 'error',
  loss: 'class',
  evaluationBatchSize: 256,
  dump: linesDump,
  learningRate: 5e-5,
} as const;

export const custom: AnsweringTask = {
  ...base,
  name: 'custom',
  title: 'custom data',
  imagesPerExample: 1,
  read: (file) => streamCustomExamples(file, 1),
};

/** Each sentence about two images. */
export const customPairs: AnsweringTask = {
  ...base,
  name: 'custom-pairs',
  title: 'custom data with pairs of images',
  imagesPerExample: 2,
  read: (file) => streamCustomExamples(file, 2),
};
