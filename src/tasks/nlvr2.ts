/** @file NLVR2: a statement about two images, true or false. */

import { NLVR2_ANSWERS, streamStatements } from '../data/annotations/nlvr2Annotations.js';
import type { AnsweringTask } from './answeringTask.js';
import { csvDump } from './dumpFormat.js';

export const nlvr2: AnsweringTask = {
  name: 'nlvr2',
  title: 'NLVR2',
  imagesPerExample: 2,
  read: streamStatements,
  answers: NLVR2_ANSWERS,
  unknownAnswers: 'error',
  loss: 'class',
  evaluationBatchSize: 128,
  // What the official script reads: `identifier,True` or `identifier,False`.
  dump: csvDump,
  learningRate: 5e-5,
};
