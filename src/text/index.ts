/** @file The text room: sentences to WordPiece ids. */

export {
  type EncodeBatchOptions,
  encodeBatch,
  isCut,
  longestOf,
  type SentenceBatch,
  type Unread,
  unreadOf,
} from './batch.js';
export {
  type BuildVocabularyOptions,
  buildVocabulary,
  countWords,
  vocabularyOfWords,
} from './buildVocabulary.js';
export { CONTINUATION, Vocabulary } from './vocabulary.js';
export { DEFAULT_MAX_LENGTH, type WordPieceOptions, WordPieceTokenizer } from './wordPiece.js';
export { MAX_WORD_LENGTH, SPECIAL_TOKENS, type SplitWordsOptions, splitWords } from './words.js';
