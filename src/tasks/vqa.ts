/** @file VQA v2: one image, one question, one of 3,129 answers with soft scores. */

import type { AnsweringTask } from './answeringTask.js';

export const vqa: AnsweringTask = {
  name: 'vqa',
  title: 'VQA',
  folder: 'vqa',
  // The reference stops at a training label outside the table (facts of its VQA loader).
  unknownAnswers: 'error',
  // The reference evaluates 1,024 at once on a GPU; the size changes no result, and smaller stays in the caches.
  evaluationBatchSize: 256,
  dumpRow: (question, answer) => ({ answer, question_id: question.questionId }),
};
