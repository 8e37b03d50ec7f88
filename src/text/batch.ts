/** @file Sentences to the padded arrays that the language stream reads. */

import { checkMaxLength, DEFAULT_MAX_LENGTH, type WordPieceTokenizer } from './wordPiece.js';
import { splitWords } from './words.js';

/**
 * A batch of B sentences, row-major in arrays of B * maxLength. Ids are 32-bit: libtorch's embedding takes them as
 * they are, and they cost half of 64-bit ones.
 */
export interface SentenceBatch {
  readonly batchSize: number;
  /** Columns of each row. */
  readonly maxLength: number;
  /** (B, maxLength): [CLS], pieces, [SEP], then 0 ([PAD]). */
  readonly inputIds: Int32Array;
  /** (B, maxLength): all 0, since LXMERT reads one sentence. */
  readonly tokenTypeIds: Int32Array;
  /** (B, maxLength): 1 for a token, 0 for padding. */
  readonly attentionMask: Int32Array;
  /** (B): how many leading columns of each row are tokens; at least 2. */
  readonly numTokens: Int32Array;
}

export interface EncodeBatchOptions {
  /** Tokens a sentence may have, [CLS] and [SEP] included; longer ones are cut. Default 20. */
  readonly maxLength?: number;
}

/**
 * Encodes sentences as the reference does: cut to `maxLength - 2` pieces, [CLS] ... [SEP], padded with 0.
 *
 * @throws UsageError when `maxLength` is no whole number of at least 2
 */
export function encodeBatch(
  tokenizer: WordPieceTokenizer,
  sentences: readonly string[],
  options: EncodeBatchOptions = {},
): SentenceBatch {
  const { maxLength = DEFAULT_MAX_LENGTH } = options;
  checkMaxLength(maxLength);
  const { clsId, sepId } = tokenizer.vocabulary;
  const batchSize = sentences.length;
  const inputIds = new Int32Array(batchSize * maxLength); // (B, maxLength)
  const attentionMask = new Int32Array(batchSize * maxLength); // (B, maxLength)
  const numTokens = new Int32Array(batchSize); // (B)
  for (const [row, sentence] of sentences.entries()) {
    const pieces = tokenizer.pieceIds(sentence, maxLength - 2);
    const start = row * maxLength;
    const sepAt = start + 1 + pieces.length;
    inputIds[start] = clsId;
    inputIds.set(pieces, start + 1);
    inputIds[sepAt] = sepId;
    attentionMask.fill(1, start, sepAt + 1);
    numTokens[row] = pieces.length + 2;
  }
  const tokenTypeIds = new Int32Array(batchSize * maxLength); // (B, maxLength)
  return { batchSize, maxLength, inputIds, tokenTypeIds, attentionMask, numTokens };
}

/** Columns that hold a token in any row: what lies beyond is padding in all. */
export function longestOf({ numTokens }: Pick<SentenceBatch, 'numTokens'>): number {
  return numTokens.reduce((most, count) => Math.max(most, count), 1);
}

/** Whether a sentence is longer than a model reads. */
export function isCut(
  { tokenizer, maxLength }: { readonly tokenizer: WordPieceTokenizer; readonly maxLength: number },
  sentence: string,
): boolean {
  // One piece more than fits between [CLS] and [SEP] is enough to know.
  return tokenizer.pieceIds(sentence, maxLength - 1).length > maxLength - 2;
}

/** What of a sentence a model does not read. */
export interface Unread {
  /** The end of a sentence that is longer than the model reads, from the first word that is not whole; empty of others. */
  readonly lost: string;
  /** Of the words that are read, those that the vocabulary cannot spell, in their order: the model sees [UNK]. */
  readonly unknownWords: readonly string[];
}

/** Tells what of a sentence a model does not read. */
export function unreadOf(
  encoder: { readonly tokenizer: WordPieceTokenizer; readonly maxLength: number },
  sentence: string,
): Unread {
  const { tokenizer, maxLength } = encoder;
  const { unknownId } = tokenizer.vocabulary;
  const unknownWords: string[] = [];
  let numPieces = 0;
  for (const word of splitWords(sentence, { lowerCase: tokenizer.lowerCase, maxWords: maxLength })) {
    const pieces = tokenizer.pieceIds(word);
    if (numPieces < maxLength - 2 && pieces[0] === unknownId) unknownWords.push(word);
    numPieces += pieces.length;
  }
  return { lost: isCut(encoder, sentence) ? endOf(encoder, sentence) : '', unknownWords };
}

/** From the first word, of those between spaces, with which the sentence is too long. */
function endOf(encoder: Parameters<typeof isCut>[0], sentence: string): string {
  for (const { index, 0: word } of sentence.matchAll(/\S+/g)) {
    if (isCut(encoder, sentence.slice(0, index + word.length))) return sentence.slice(index);
  }
  return '';
}
