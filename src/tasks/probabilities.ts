/** @file Probabilities of heads as plain numbers, and what is read of them: ranked answers, matches. */

import type { AnswerTable } from '../data/answerTable.js';
import type { Prediction } from './prediction.js';
import type { HeadActivation } from './predictor.js';
import { largestPlaces, type ProbabilityRows } from './probabilityRows.js';

/**
 * Probabilities of logits.
 *
 * @param logits (B, size) row-major
 * @returns (B, size): each output for itself, or one against the others of its row
 */
export function activate(logits: Float32Array, size: number, activation: HeadActivation): Float32Array {
  if (activation === 'sigmoid') return logits.map((logit) => 1 / (1 + Math.exp(-logit)));
  const probabilities = new Float32Array(logits.length);
  for (let start = 0; start < logits.length; start += size) {
    let [most, sum] = [Number.NEGATIVE_INFINITY, 0];
    for (let i = start; i < start + size; i++) most = Math.max(most, logits[i] as number);
    for (let i = start; i < start + size; i++) sum += Math.exp((logits[i] as number) - most);
    for (let i = start; i < start + size; i++)
      probabilities[i] = Math.exp((logits[i] as number) - most) / sum;
  }
  return probabilities;
}

/** @param probabilities (B, answers) @returns the most probable answer of each row */
export function bestAnswers(probabilities: ProbabilityRows, answerTable: AnswerTable): Prediction[] {
  return rankedAnswers(probabilities, answerTable, 1).map(([best]) => best as Prediction);
}

/** @param probabilities (B, answers) @returns for each row the `numBest` most probable answers, best first */
export function rankedAnswers(
  probabilities: ProbabilityRows,
  answerTable: AnswerTable,
  numBest: number,
): Prediction[][] {
  const [numRows = 0, size = 0] = probabilities.shape;
  const values = probabilities.toFloat32Array();
  return Array.from({ length: numRows }, (_, row) => {
    const start = row * size;
    return largestPlaces(values.subarray(start, start + size), numBest).map((place) => ({
      answer: answerTable.answer(place),
      probability: values[start + place] as number,
    }));
  });
}

/** Of the matching head's two outputs, the one that sentence and image belong together. */
const IS_MATCH = 1;

/** @param probabilities (B, 2) of the matching head @returns for each row that sentence and image belong together */
export function matchProbabilities(probabilities: ProbabilityRows): number[] {
  return [...probabilities.toFloat32Array()].filter((_, i) => i % 2 === IS_MATCH);
}
