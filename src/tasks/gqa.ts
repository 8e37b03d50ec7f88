/** @file GQA: one image, one compositional question, one of 1,842 answers. */

import { streamQuestions } from '../data/annotations/vqaAnnotations.js';
import type { AnsweringTask } from './answeringTask.js';
import { jsonDump } from './dumpFormat.js';

export const gqa: AnsweringTask = {
  name: 'gqa',
  title: 'GQA',
  imagesPerExample: 1,
  read: streamQuestions,
  answers: 'table',
  // As the reference's GQA loader.
  unknownAnswers: 'skip',
  loss: 'soft',
  evaluationBatchSize: 256,
  // Question ids are strings here, and stay so: the server compares them as text.
  dump: jsonDump((question, answer) => ({ prediction: answer, questionId: String(question.questionId) })),
  learningRate: 1e-5,
};
