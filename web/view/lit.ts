/** @file What is lit: how much each region and word stands out in a view, or in what is pointed at. */

import type { Explanation } from '../../src/explain/explanation.js';
import { rowsOf, strongestOf, type View, wordShares } from './attention.js';
import { fallsOf } from './removal.js';

/** What the pointer or the focus is on. */
export type Pointed =
  | { readonly answer: number }
  | { readonly word: number }
  | { readonly region: number }
  | undefined;

/** For what is pointed at by a pointer. */
export function pointing(onPoint: (pointed: Pointed) => void, at: Pointed) {
  return { onMouseEnter: () => onPoint(at), onMouseLeave: () => onPoint(undefined) };
}

/** The same for a button, which the focus points at too. */
export function pointingButton(onPoint: (pointed: Pointed) => void, at: Pointed) {
  return { ...pointing(onPoint, at), onFocus: () => onPoint(at), onBlur: () => onPoint(undefined) };
}

/** 0 to 1, below 0 for what speaks against; undefined where nothing is known. */
export interface Lit {
  readonly regions: readonly number[] | undefined;
  readonly words: readonly number[] | undefined;
}

const NOTHING: Lit = { regions: undefined, words: undefined };

/** What a view shows. */
function litBy(explanation: Explanation, view: View): Lit {
  if (view.layer === 'removal') {
    if (explanation.removal === null) return NOTHING;
    const { words, regions, most } = fallsOf(explanation, explanation.removal, view);
    return { words: words.map((fall) => fall / most), regions: regions.map((fall) => fall / most) };
  }
  const isWords = view.direction === 'words';
  const values = rowsOf(explanation, view)[isWords ? view.word : view.region];
  if (values === undefined) return NOTHING;
  const most = strongestOf(values, values.length);
  const strengths = values.map((value) => value / most);
  if (!isWords) return { regions: onlyOne(explanation, view.region), words: strengths };
  const isAnswers = view.layer === 'relevance' && view.word === 0;
  const shares = isAnswers ? wordShares(explanation, view.answer) : undefined;
  const mostShare = Math.max(0.2, ...(shares ?? []));
  return { regions: strengths, words: shares?.map((share) => share / mostShare) };
}

/** What is pointed at, in the terms of a view; the view itself where that says nothing. */
export function litByPointed(explanation: Explanation, view: View, pointed: Pointed): Lit {
  const own = litBy(explanation, view);
  if (pointed === undefined) return own;
  const maps = explanation.relevance.length > 0 ? 'relevance' : explanation.layers.length - 1;
  const layer = view.layer === 'removal' ? maps : view.layer;
  if ('answer' in pointed) {
    const ofAnswer = explanation.relevance.length > 0 ? 'relevance' : 'removal';
    return litBy(explanation, {
      ...view,
      layer: view.layer === 'removal' ? 'removal' : ofAnswer,
      direction: 'words',
      word: 0,
      answer: pointed.answer,
    });
  }
  if ('word' in pointed) {
    const ofWord = litBy(explanation, { ...view, layer, direction: 'words', word: pointed.word });
    return ofWord.regions === undefined ? own : { ...ofWord, words: own.words };
  }
  const ofRegion = litBy(explanation, { ...view, layer, direction: 'regions', region: pointed.region });
  return { regions: onlyOne(explanation, pointed.region), words: ofRegion.words ?? own.words };
}

export function onlyOne({ regions }: Pick<Explanation, 'regions'>, region: number): readonly number[] {
  return regions.map((_, i) => (i === region ? 1 : 0));
}
