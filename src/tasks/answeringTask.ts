/** @file What tells one fine-tuning task from another. */

import type { Question } from '../data/annotations/question.js';
import type { UnknownAnswers } from '../data/questionSet.js';
import type { DumpFormat } from './dumpFormat.js';
import type { AnswerLossName } from './losses.js';

/** A task whose model chooses an answer for a sentence about one image or two. A new one is one file. */
export interface AnsweringTask {
  readonly name: string;
  /** As a person calls it. */
  readonly title: string;
  readonly imagesPerExample: 1 | 2;
  /** Reads an annotation file, one example at a time. */
  readonly read: (file: string) => AsyncIterable<Question>;
  /** The answers there are; or that a table is named; or that it is made of the training labels unless one is. */
  readonly answers: readonly string[] | 'table' | 'built';
  /** What becomes of a training label outside the answer table. */
  readonly unknownAnswers: UnknownAnswers;
  readonly loss: AnswerLossName;
  /** Examples a batch in evaluation. */
  readonly evaluationBatchSize: number;
  /** The file that the test server or the official script reads. */
  readonly dump: DumpFormat;
  /** The paper's peak learning rate of fine-tuning. */
  readonly learningRate: number;
}
