/** @file A WordPiece vocabulary made from sentences, for models that are trained from nothing. */

import { UsageError } from '../common/errors.js';
import { CONTINUATION, Vocabulary } from './vocabulary.js';
import { MAX_WORD_LENGTH, SPECIAL_TOKENS, splitWords } from './words.js';

/** Letters and digits that a vocabulary always holds, so that unseen English words can still be spelled. */
const ASCII_LETTERS_AND_DIGITS = 'abcdefghijklmnopqrstuvwxyz0123456789';
const ASCII_PUNCTUATION = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~';

export interface BuildVocabularyOptions {
  /** Lower-case and strip accents, as the tokenizer that will use the vocabulary. Default true. */
  readonly lowerCase?: boolean;
  /** A word seen fewer times gets no entry of its own and is spelled in characters. Default 1. */
  readonly minCount?: number;
  /** At most so many whole-word entries, the most frequent. Default: no limit. */
  readonly maxWords?: number;
}

/**
 * Special tokens ([PAD] first), then characters alone and as continuations, then whole words, most frequent first.
 *
 * No word of the sentences up to 100 characters becomes [UNK]. The result depends on the sentences alone, not on
 * their order: equal counts are ordered by code unit.
 *
 * @throws UsageError when `minCount` or `maxWords` is no whole number in its range
 */
export function buildVocabulary(
  sentences: Iterable<string>,
  options: BuildVocabularyOptions = {},
): Vocabulary {
  return vocabularyOfWords(countWords(sentences, options.lowerCase ?? true), options);
}

/**
 * The same of words that were counted by {@link countWords}, with the same `lowerCase`.
 *
 * @throws as {@link buildVocabulary}
 */
export function vocabularyOfWords(
  counts: ReadonlyMap<string, number>,
  options: BuildVocabularyOptions = {},
): Vocabulary {
  const { lowerCase = true, minCount = 1, maxWords } = options;
  checkWhole('minCount', minCount, 1);
  if (maxWords !== undefined) checkWhole('maxWords', maxWords, 0);

  const inWords = new Set(ASCII_LETTERS_AND_DIGITS);
  const alone = new Set(ASCII_PUNCTUATION);
  if (!lowerCase) for (const letter of ASCII_LETTERS_AND_DIGITS.toUpperCase()) inWords.add(letter);
  for (const word of counts.keys()) {
    const characters = [...word];
    if (characters.length === 1) alone.add(word);
    else for (const character of characters) inWords.add(character);
  }
  const entries = new Set<string>(SPECIAL_TOKENS);
  for (const character of [...new Set([...alone, ...inWords])].sort()) entries.add(character);
  for (const character of [...inWords].sort()) entries.add(`${CONTINUATION}${character}`);

  const words = [...counts].filter(([word, count]) => count >= minCount && !entries.has(word));
  words.sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1));
  for (const [word] of words.slice(0, maxWords)) entries.add(word);
  return new Vocabulary([...entries], 'The vocabulary built from sentences');
}

/** How often each word occurs. */
export function countWords(sentences: Iterable<string>, lowerCase: boolean): Map<string, number> {
  const counts = new Map<string, number>();
  for (const sentence of sentences) {
    for (const word of splitWords(sentence, { lowerCase })) {
      if ([...word].length <= MAX_WORD_LENGTH && !isSpecial(word))
        counts.set(word, (counts.get(word) ?? 0) + 1);
    }
  }
  return counts;
}

function isSpecial(word: string): boolean {
  return (SPECIAL_TOKENS as readonly string[]).includes(word);
}

function checkWhole(name: string, value: number, lowest: number): void {
  if (!Number.isSafeInteger(value) || value < lowest) {
    throw new UsageError(`${name} must be a whole number of at least ${lowest}; it is ${value}.`);
  }
}
