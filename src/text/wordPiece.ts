/** @file Uncased BERT WordPiece: sentences to the ids that LXMERT's word embeddings are indexed with. */

import { UsageError } from '../common/errors.js';
import { CONTINUATION, type Vocabulary } from './vocabulary.js';
import { MAX_WORD_LENGTH, splitWords } from './words.js';

/** Ids of a sentence with [CLS] and [SEP]: 20 in the paper (section 4.1) and in the published weights' training. */
export const DEFAULT_MAX_LENGTH = 20;

export interface WordPieceOptions {
  /** Lower-case and strip accents, as LXMERT's vocabulary expects. Default true; false for a cased vocabulary. */
  readonly lowerCase?: boolean;
}

/** Turns sentences into WordPiece entries: each word becomes the longest entries that spell it, or [UNK]. */
export class WordPieceTokenizer {
  readonly vocabulary: Vocabulary;
  readonly lowerCase: boolean;
  /** Entries that begin a word, and those that continue one (without their mark): no key is built while searching. */
  readonly #initial = new Map<string, number>();
  readonly #continuing = new Map<string, number>();
  /** UTF-16 length of the longest entry: a longer search could not match. */
  #longest = 0;

  constructor(vocabulary: Vocabulary, options: WordPieceOptions = {}) {
    this.vocabulary = vocabulary;
    this.lowerCase = options.lowerCase ?? true;
    for (const [id, entry] of vocabulary.entries.entries()) {
      this.#initial.set(entry, id);
      if (entry.startsWith(CONTINUATION)) this.#continuing.set(entry.slice(CONTINUATION.length), id);
      this.#longest = Math.max(this.#longest, entry.length);
    }
  }

  /** The pieces of a sentence as text, without [CLS] and [SEP], uncut. */
  tokenize(text: string): string[] {
    return this.vocabulary.tokens(this.pieceIds(text));
  }

  /**
   * The ids of a sentence's pieces, without [CLS] and [SEP].
   *
   * @param maxPieces keep the first so many; default all
   */
  pieceIds(text: string, maxPieces = Number.POSITIVE_INFINITY): number[] {
    const ids: number[] = [];
    // Each word gives at least one piece, so that more words than pieces are never needed.
    for (const word of splitWords(text, { lowerCase: this.lowerCase, maxWords: maxPieces })) {
      const whole = this.#initial.get(word);
      if (whole === undefined) this.#appendPieces(word, ids);
      else ids.push(whole);
      if (ids.length >= maxPieces) break;
    }
    if (ids.length > maxPieces) ids.length = maxPieces;
    return ids;
  }

  /**
   * [CLS], the sentence's first `maxLength - 2` pieces, [SEP]; not padded.
   *
   * @throws UsageError when `maxLength` is no whole number of at least 2
   */
  encode(text: string, maxLength: number = DEFAULT_MAX_LENGTH): number[] {
    checkMaxLength(maxLength);
    return [this.vocabulary.clsId, ...this.pieceIds(text, maxLength - 2), this.vocabulary.sepId];
  }

  /** Greedy, longest entry first; a word that cannot be spelled to its end is one [UNK]. */
  #appendPieces(word: string, ids: number[]): void {
    const firstPiece = ids.length;
    let start = isTooLong(word) ? -1 : 0;
    let entries = this.#initial;
    while (start >= 0 && start < word.length) {
      let end = Math.min(word.length, start + this.#longest);
      let id: number | undefined;
      // Stepping by UTF-16 units is enough: entries are well-formed, so none matches half a surrogate pair.
      while (end > start) {
        id = entries.get(word.slice(start, end));
        if (id !== undefined) break;
        end--;
      }
      if (id === undefined) {
        start = -1;
      } else {
        ids.push(id);
        start = end;
        entries = this.#continuing;
      }
    }
    if (start < 0) {
      ids.length = firstPiece;
      ids.push(this.vocabulary.unknownId);
    }
  }
}

/** @throws UsageError when there is no room for [CLS] and [SEP] */
export function checkMaxLength(maxLength: number): void {
  if (!Number.isSafeInteger(maxLength) || maxLength < 2) {
    throw new UsageError(
      `The sentence length must be a whole number of at least 2, to hold [CLS] and [SEP]; it is ${maxLength}.`,
    );
  }
}

function isTooLong(word: string): boolean {
  if (word.length <= MAX_WORD_LENGTH) return false;
  if (word.length > 2 * MAX_WORD_LENGTH) return true;
  return [...word].length > MAX_WORD_LENGTH;
}
