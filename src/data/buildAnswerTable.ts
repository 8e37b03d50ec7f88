/** @file An answer table from the labels of a training set. */

import { LxmertError } from '../common/errors.js';
import type { Question } from './annotations/question.js';
import { AnswerTable } from './answerTable.js';

/**
 * Every answer that some example is labelled with, the most frequent first and equally frequent ones by their text: the
 * same table whatever the order of the examples.
 *
 * @throws LxmertError when no example has a label
 */
export function buildAnswerTable(questions: Iterable<Question>): AnswerTable {
  const counts = new Map<string, number>();
  for (const { labels } of questions) {
    for (const answer of labels?.keys() ?? []) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  }
  if (counts.size === 0) {
    throw new LxmertError(
      'No training example has a label, so there is no answer to learn. Name the answers in "labels".',
    );
  }
  const sorted = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return new AnswerTable(sorted.map(([answer]) => answer));
}
