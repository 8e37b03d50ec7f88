/** @file An answer table from the labels of a training set. */

import { LxmertError } from '../common/errors.js';
import type { Question } from './annotations/question.js';
import { AnswerTable } from './answerTable.js';

/** An answer of VQA's published table is the most given one of at least so many questions of train and val. */
export const VQA_MIN_OCCURRENCES = 9;

/**
 * Every answer that at least `minOccurrences` examples are labelled with, whatever its score in them, the most frequent
 * first and equally frequent ones by their text: the same table whatever the order of the examples.
 *
 * @throws LxmertError when no example has a label, or no answer occurs often enough
 */
export function buildAnswerTable(questions: Iterable<Question>, minOccurrences = 1): AnswerTable {
  const counts = new Map<string, number>();
  let unreadKey: string | undefined;
  for (const { labels, unreadLabelKey } of questions) {
    unreadKey ??= unreadLabelKey;
    for (const answer of labels?.keys() ?? []) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  }
  if (counts.size === 0) {
    const hint = unreadKey === undefined ? '' : ` The key '${unreadKey}', which they have, is not read.`;
    throw new LxmertError(
      `No training example has a label, so there is no answer to learn. Name the answers in "labels".${hint}`,
    );
  }
  const frequent = [...counts].filter(([, count]) => count >= minOccurrences);
  if (frequent.length === 0) {
    throw new LxmertError(
      `No answer is in the labels of ${minOccurrences} training examples or more; the most frequent is in those of ${Math.max(...counts.values())}. Lower --min-occurrences, or give --answers.`,
    );
  }
  const sorted = frequent.sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return new AnswerTable(sorted.map(([answer]) => answer));
}
