/** @file What is said of examples that are used all the same: ids that stand twice, sentences without a word. */

import { formatNumber } from '../formats/numbers.js';
import type { Question } from './annotations/question.js';

/** A line for each oddity that `examples` have. Ids are compared as text, so that 7 and "7" are one. */
export function censusNotices(examples: readonly Question[], name: string): string[] {
  const seen = new Set<string>();
  const again: Question['questionId'][] = [];
  const empty: Question['questionId'][] = [];
  for (const { questionId, sentence } of examples) {
    const id = String(questionId);
    if (seen.has(id)) again.push(questionId);
    seen.add(id);
    if (sentence.trim() === '') empty.push(questionId);
  }
  const total = formatNumber(examples.length);
  return [
    ...(again.length > 0
      ? [
          `${formatNumber(again.length)} of ${total} examples of '${name}' have the id of one before them (the first is ${again[0]}); each counts by itself.`,
        ]
      : []),
    ...(empty.length > 0
      ? [
          `${formatNumber(empty.length)} of ${total} examples of '${name}' have no word in their sentence (the first has the id ${empty[0]}).`,
        ]
      : []),
  ];
}
