/** @file A view in a sentence. */

import type { Explanation } from '../../src/explain/explanation.js';
import { isEven, percent, rowsOf, type View, wordShares } from './attention.js';
import { nameOf } from './regionNames.js';
import { mostText } from './removal.js';
import { shownWords } from './words.js';

/** Names of a list, the largest values first. */
const MOST_NAMED = 3;

export function readingOf(explanation: Explanation, view: View): string {
  if (view.layer === 'removal') {
    return explanation.removal === null
      ? 'Asking again without each word and each region ...'
      : mostText(explanation, explanation.removal, view);
  }
  const isWords = view.direction === 'words';
  const values = rowsOf(explanation, view)[isWords ? view.word : view.region];
  if (values === undefined) return 'Looking for what counted ...';
  const answer = explanation.answers[view.answer]?.answer ?? '';
  const words = shownWords(explanation);
  const nameOfColumn = (i: number): string =>
    isWords ? nameOf(explanation, i) : `"${words[i]?.name ?? ''}"`;
  const even = isEven(values) ? evenText(values, isWords ? 'region' : 'word') : undefined;
  const most = largestOf(values, nameOfColumn);
  if (view.layer === 'relevance' && isWords && view.word === 0) {
    const shares = wordShares(explanation, view.answer) ?? [];
    const ofWords = largestOf(shares, (i) => `"${words[i]?.name ?? ''}"`);
    return `${even === undefined ? `For "${answer}" counted most: ${most}` : `For "${answer}" what counted is ${even}`}. Of the words: ${ofWords}.`;
  }
  const who = isWords ? `"${words[view.word]?.name ?? ''}"` : nameOf(explanation, view.region);
  if (view.layer === 'relevance') {
    return even === undefined ? `In ${who} counted most: ${most}.` : `In ${who} what counted is ${even}.`;
  }
  return even === undefined ? `${who} looks most at ${most}.` : `What ${who} looks at is ${even}.`;
}

function evenText(values: readonly number[], what: string): string {
  return `spread evenly: no ${what} stands out (the largest share is ${percent(Math.max(...values))}, an even one ${percent(1 / values.length)})`;
}

function largestOf(values: readonly number[], nameOfPlace: (place: number) => string): string {
  return values
    .map((value, i) => ({ value, i }))
    .sort((a, b) => b.value - a.value)
    .slice(0, MOST_NAMED)
    .filter(({ value }) => value > 0)
    .map(({ value, i }) => `${nameOfPlace(i)} (${percent(value)})`)
    .join(', ');
}
