/** @file `lxmert/model`: LXMERT's configuration, layers, encoder and heads, and the tokenizer of its sentences. */

export * from '../model/index.js';
export * from '../text/index.js';
export { loadVocabulary, saveVocabulary } from '../text/vocabularyFile.js';
