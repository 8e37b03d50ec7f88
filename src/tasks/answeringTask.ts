/** @file What tells one answering task from another; VQA and GQA are such. */

import type { Question } from '../data/annotations/vqaAnnotations.js';
import type { UnknownAnswers } from '../data/questionSet.js';
import type { Tensor } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';

/** A task whose model chooses an answer from a table for a question about one image. */
export interface AnsweringTask {
  readonly name: string;
  /** As a person calls it. */
  readonly title: string;
  /** Folder of its annotation files and answer table, under the data folder. */
  readonly folder: string;
  /** What becomes of a label outside the answer table. */
  readonly unknownAnswers: UnknownAnswers;
  /** Examples a batch in evaluation. */
  readonly evaluationBatchSize: number;
  /** One row of the file that the test server reads. */
  dumpRow(question: Question, answer: string): Readonly<Record<string, string | number>>;
}

/**
 * The reference's loss for answers with soft scores: binary cross-entropy, mean over all elements, times the
 * number of answers.
 *
 * @param logits (B, answers)
 * @param targets (B, answers), each 0 to 1
 */
export function softAnswerLoss(logits: Tensor, targets: Tensor): Tensor {
  const [, numAnswers = 1] = logits.shape;
  return ops.mul(ops.binaryCrossEntropyWithLogits(logits, targets), numAnswers);
}

/**
 * The file that a test server reads, byte for byte as the reference writes it: indent 4, sorted keys, ASCII only.
 */
export function formatDump(
  task: AnsweringTask,
  questions: readonly Question[],
  answers: readonly string[],
): string {
  const rows = questions.map((question, i) => {
    const row = task.dumpRow(question, answers[i] ?? '');
    return Object.fromEntries(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
  return JSON.stringify(rows, null, 4).replace(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
