/** @file The labels of pre-training questions in the spelling and the rows of the answer table. */

import type { ScoredAnswers } from '../annotations/pretrainingAnnotations.js';
import { normalizeAnswer } from '../answerNormalization.js';
import type { AnswerTable } from '../answerTable.js';

/**
 * Rows of the table with scores, in the order in which an answer is drawn. Unknown answers are dropped. An answer
 * whose spelling changes moves to the end, and of answers that become equal the last one's score stays
 * (docs/how-it-works/reference-implementation.md, "Examples").
 */
export function cleanAnswers(label: ScoredAnswers, table: AnswerTable): Map<number, number> {
  const scores = new Map(label);
  for (const [answer] of label) {
    const normalized = normalizeAnswer(answer);
    const score = scores.get(answer);
    if (normalized === answer || score === undefined) {
      if (table.indexOf(normalized) === undefined) scores.delete(answer);
      continue;
    }
    scores.delete(answer);
    if (table.indexOf(normalized) !== undefined) scores.set(normalized, score);
  }
  return new Map([...scores].map(([answer, score]) => [table.indexOf(answer) ?? -1, score]));
}
