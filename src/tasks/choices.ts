/** @file The best of a few given answers, by the probabilities of a whole table. */

import type { AnswerTable } from '../data/answerTable.js';
import type { Prediction } from './prediction.js';
import type { ProbabilityRows } from './probabilityRows.js';

/**
 * For each row the most probable of its choices, of equals the first. One that is not in the table has a probability of 0, and
 * is chosen only where none of them is in it: then the first is.
 *
 * @param probabilities (B, answers)
 * @param choices those of each of the B rows, one or more
 */
export function bestChoices(
  probabilities: ProbabilityRows,
  answerTable: AnswerTable,
  choices: readonly (readonly string[])[],
): Prediction[] {
  const [, size = 0] = probabilities.shape;
  const values = probabilities.toFloat32Array();
  return choices.map((ofRow, row) => {
    let best: Prediction = { answer: ofRow[0] ?? '', probability: -1 };
    for (const answer of ofRow) {
      const place = answerTable.indexOf(answer);
      const probability = place === undefined ? -1 : (values[row * size + place] as number);
      if (probability > best.probability) best = { answer, probability };
    }
    return { ...best, probability: Math.max(0, best.probability) };
  });
}
