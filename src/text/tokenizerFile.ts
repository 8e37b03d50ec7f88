/** @file tokenizer.json of Hugging Face as the vocabulary in it, where it cuts sentences as LXMERT's own tokenizer does. */

import { LxmertError } from '../common/errors.js';
import { CONTINUATION, Vocabulary } from './vocabulary.js';

/**
 * Reads the text of a tokenizer.json of WordPiece in lower case.
 *
 * @param source how errors name it, for example `The vocabulary tokenizer.json`
 * @throws LxmertError for other kinds of tokenizer, and for ids that are not 0, 1, 2, ...
 */
export function vocabularyOfTokenizer(text: string, source: string): Vocabulary {
  const { model, normalizer } = asObject(parse(text, source));
  const { type, vocab, continuing_subword_prefix: prefix = CONTINUATION } = asObject(model);
  if (type !== 'WordPiece' || typeof vocab !== 'object' || vocab === null) {
    throw new LxmertError(
      `${source} is a tokenizer of another kind (${typeof type === 'string' ? type.slice(0, 40) : 'none is stated'}); LXMERT reads word pieces of BERT (WordPiece).`,
    );
  }
  if (prefix !== CONTINUATION) {
    throw new LxmertError(`${source} marks pieces within a word otherwise than with '${CONTINUATION}'.`);
  }
  if (asObject(normalizer).lowercase === false) {
    throw new LxmertError(`${source} keeps capital letters, and LXMERT reads sentences in lower case.`);
  }
  const entries: string[] = [];
  for (const [entry, id] of Object.entries(vocab)) entries[Number(id)] = entry;
  const isWhole = entries.length === Object.keys(vocab).length && !entries.includes(undefined as never);
  if (!isWhole) {
    throw new LxmertError(
      `${source} numbers its entries otherwise than 0, 1, 2, ..., each once, so they are not the rows of word embeddings.`,
    );
  }
  return new Vocabulary(entries, source);
}

function parse(text: string, source: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new LxmertError(`${source} should be a tokenizer.json, and is not valid JSON.`, { cause: error });
  }
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
