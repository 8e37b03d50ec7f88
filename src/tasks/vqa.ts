/** @file VQA v2: one image, one question, one of 3,129 answers with soft scores. */

import { streamQuestions } from '../data/annotations/vqaAnnotations.js';
import type { AnsweringTask } from './answeringTask.js';
import { jsonDump } from './dumpFormat.js';

export const vqa: AnsweringTask = {
  name: 'vqa',
  title: 'VQA',
  imagesPerExample: 1,
  read: streamQuestions,
  answers: 'table',
  // The reference stops at a training label outside the table (facts of its VQA loader).
  unknownAnswers: 'error',
  loss: 'soft',
  // The reference evaluates 1,024 at once on a GPU; the size changes no result, and smaller stays in the caches.
  evaluationBatchSize: 256,
  dump: jsonDump((question, answer) => ({ answer, question_id: question.questionId })),
  learningRate: 5e-5,
};
