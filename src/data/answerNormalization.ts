/** @file Answers as the reference's pre-training table spells them, and where another table's answers lie in it. */

import type { AnswerTable } from './answerTable.js';

/**
 * The reference's table of replacements. Its first four entries (a man, the man, ...) are left out: articles are
 * gone before the table is asked.
 */
const REPLACEMENTS: ReadonlyMap<string, string> = new Map([
  ...['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'].map(
    (word, i): [string, string] => [word, String(i + 1)],
  ),
  ['grey', 'gray'],
]);

/**
 * An answer in the spelling of the reference's 9,500-answer table (`convert_ans`): lower case, without one full stop
 * at its end and one of each article at its front, numbers up to ten as digits
 * (docs/how-it-works/reference-implementation.md, "Answers").
 */
export function normalizeAnswer(answer: string): string {
  let text = answer.toLowerCase();
  if (text.endsWith('.')) text = text.slice(0, -1).trim();
  for (const article of ['a ', 'an ', 'the ']) {
    if (text.startsWith(article)) text = text.slice(article.length).trim();
  }
  return REPLACEMENTS.get(text) ?? text;
}

/**
 * For each answer of `target`, the row of `source` (a pre-training table) that knows it, or -1: which rows of a
 * pre-trained answer head a fine-tuned one starts from.
 */
export function matchingRows(target: AnswerTable, source: AnswerTable): Int32Array {
  return Int32Array.from(target.answers, (answer) => source.indexOf(normalizeAnswer(answer)) ?? -1);
}
