/** @file What is said of examples that are used all the same: ids that stand twice, sentences without a word. */

import { formatCount, formatNumber } from '../formats/numbers.js';
import type { Question } from './annotations/question.js';

/** A line when examples have the id of one before them; ids are compared as text, so that 7 and "7" are one. */
export function repeatedIdNotice(examples: readonly Question[], name: string): string | undefined {
  const seen = new Set<string>();
  const again: Question['questionId'][] = [];
  for (const { questionId } of examples) {
    const id = String(questionId);
    if (seen.has(id)) again.push(questionId);
    seen.add(id);
  }
  if (again.length === 0) return undefined;
  return `${share(again, examples)} of '${name}' have the id of one before them (the first is ${again[0]}); each counts by itself.`;
}

/** A line when examples have a sentence without a word. */
export function emptySentenceNotice(examples: readonly Question[], name: string): string | undefined {
  const empty = examples.filter(({ sentence }) => sentence.trim() === '');
  const [first] = empty;
  if (first === undefined) return undefined;
  return `${share(empty, examples)} of '${name}' have no word in their sentence (the first has the id ${first.questionId}).`;
}

function share(some: readonly unknown[], all: readonly unknown[]): string {
  return `${formatNumber(some.length)} of ${formatCount(all.length, 'example')}`;
}
