/** @file The losses of the fine-tuning tasks (docs/how-it-works/reference-implementation.md, "Losses"). */

import type { Tensor } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';

/** Logits (B, answers) and targets (B, answers), each 0 to 1, to a scalar. */
export type AnswerLoss = (logits: Tensor, targets: Tensor) => Tensor;

/**
 * The reference's loss for answers with soft scores (VQA, GQA): binary cross-entropy, mean over all elements, times
 * the number of answers.
 */
export function softAnswerLoss(logits: Tensor, targets: Tensor): Tensor {
  const [, numAnswers = 1] = logits.shape;
  return ops.mul(ops.binaryCrossEntropyWithLogits(logits, targets), numAnswers);
}

/** The reference's `--mceLoss` (GQA): cross-entropy against the best answer, times the number of answers. */
export function bestAnswerLoss(logits: Tensor, targets: Tensor): Tensor {
  const [, numAnswers = 1] = logits.shape;
  return ops.mul(classLoss(logits, targets), numAnswers);
}

/** Cross-entropy against the best answer, mean over the batch (NLVR2). */
export function classLoss(logits: Tensor, targets: Tensor): Tensor {
  return ops.crossEntropy(logits, ops.argmax(targets, 1));
}

/** By the names of the command line. */
export const ANSWER_LOSSES = {
  soft: softAnswerLoss,
  'best-answer': bestAnswerLoss,
  class: classLoss,
} as const satisfies Readonly<Record<string, AnswerLoss>>;
export type AnswerLossName = keyof typeof ANSWER_LOSSES;
export const LOSS_NAMES = Object.keys(ANSWER_LOSSES) as AnswerLossName[];

/** What makes probabilities of the logits that a loss trained. */
export function probabilitiesOf(loss: AnswerLossName): 'sigmoid' | 'softmax' {
  return loss === 'soft' ? 'sigmoid' : 'softmax';
}
