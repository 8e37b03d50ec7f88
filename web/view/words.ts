/** @file The question's words as they are shown: pieces merged, the place that the answer is read from, and the end. */

import type { Explanation } from '../../src/explain/explanation.js';
import { wordsOfPieces } from '../../src/explain/removal.js';

/** What is a row of a map: one or several word pieces. */
export interface ShownWord {
  readonly name: string;
  /** Places of its pieces among the explanation's `words`. */
  readonly pieces: readonly number[];
  /** `answer`: [CLS], which the answer is read from; `end`: [SEP]. */
  readonly kind: 'answer' | 'word' | 'end';
  /** A word that the model's vocabulary does not hold. */
  readonly isUnknown: boolean;
}

const UNKNOWN = '[UNK]';

const known = new WeakMap<readonly string[], readonly ShownWord[]>();

/** [CLS] as "the answer", the words in their order, [SEP] as "the end": the k-th word is the removal's word k - 1. */
export function shownWords({
  words: pieces,
  unknownWords,
}: Pick<Explanation, 'words' | 'unknownWords'>): readonly ShownWord[] {
  const found = known.get(pieces);
  if (found !== undefined) return found;
  let numUnknown = 0;
  const words = wordsOfPieces(pieces).map(({ word, pieces: places }): ShownWord => {
    const isUnknown = word === UNKNOWN;
    const name = isUnknown ? (unknownWords[numUnknown++] ?? word) : word;
    return { name, pieces: places, kind: 'word', isUnknown };
  });
  const shown: ShownWord[] = [
    { name: 'the answer', pieces: [0], kind: 'answer', isUnknown: false },
    ...words,
    { name: 'the end', pieces: [pieces.length - 1], kind: 'end', isUnknown: false },
  ];
  known.set(pieces, shown);
  return shown;
}
