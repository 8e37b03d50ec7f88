/** @file A few given answers, by the probabilities of a whole table. */

import type { AnswerTable } from '../data/answerTable.js';
import { placeOfChoice } from '../data/choicePlaces.js';
import type { Prediction, RankedAnswer, WantedAnswers } from './prediction.js';
import { rankedAnswers } from './probabilities.js';
import type { ProbabilityRows } from './probabilityRows.js';

/**
 * The answers of each row, the most probable first.
 *
 * @param probabilities (B, answers)
 * @param wanted of all rows, or of each
 */
export function wantedAnswers(
  probabilities: ProbabilityRows,
  answerTable: AnswerTable,
  wanted: WantedAnswers | ((row: number) => WantedAnswers),
): RankedAnswer[][] {
  const [numRows = 0, size = 0] = probabilities.shape;
  const ofRow = (row: number): WantedAnswers => (typeof wanted === 'function' ? wanted(row) : wanted);
  const all = Array.from({ length: numRows }, (_, row) => ofRow(row));
  if (all.every(({ choices }) => choices === undefined)) {
    const most = Math.max(0, ...all.map(({ topK }) => topK));
    const ranked = rankedAnswers(probabilities, answerTable, most);
    return ranked.map((answers, row) => answers.slice(0, all[row]?.topK));
  }
  const values = probabilities.toFloat32Array();
  return all.map(({ topK, choices }, row) => {
    const ownValues = values.subarray(row * size, (row + 1) * size);
    if (choices !== undefined) return scoredChoices(ownValues, answerTable, choices);
    const own = { shape: [1, size], toFloat32Array: () => ownValues };
    return rankedAnswers(own, answerTable, topK)[0] ?? [];
  });
}

/** @param probabilities of one row, (answers) @returns every choice, the most probable first, of equals the first given */
function scoredChoices(
  probabilities: Float32Array,
  answerTable: AnswerTable,
  choices: readonly string[],
): RankedAnswer[] {
  const scored = choices.map((answer) => {
    const place = placeOfChoice(answerTable, answer);
    return {
      answer,
      probability: place === undefined ? 0 : (probabilities[place] as number),
      isKnown: place !== undefined,
    };
  });
  const sum = scored.reduce((total, { probability }) => total + probability, 0);
  return scored
    .map(({ isKnown, ...each }) => ({ ...each, share: sum === 0 ? 0 : each.probability / sum, isKnown }))
    .sort((a, b) => Number(b.isKnown) - Number(a.isKnown) || b.probability - a.probability);
}

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
  const scored = wantedAnswers(probabilities, answerTable, (row) => ({
    topK: 1,
    choices: choices[row] ?? [],
  }));
  return scored.map(([best]) => ({ answer: best?.answer ?? '', probability: best?.probability ?? 0 }));
}
