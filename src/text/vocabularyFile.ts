/** @file Vocabularies as files: read with a sentence for each fault, and written. */

import { readFile, stat } from 'node:fs/promises';
import { writeFileAtomic } from '../common/atomicFile.js';
import { hasErrorCode, LxmertError, UsageError, unreadable } from '../common/errors.js';
import { type ContentKindName, readContentKind } from '../formats/contentKind.js';
import { foreignFile, recogniseForm } from '../formats/forms/index.js';
import { vocabularyOfTokenizer } from './tokenizerFile.js';
import { Vocabulary } from './vocabulary.js';

/** A limit against reading something that is no vocabulary; BERT's multilingual one has under 1 MB. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;

/** Forms and kinds of files whose faults say more than their name would. */
const LIKE_VOCABULARIES = ['vocabulary', 'jsonVocabulary', 'tokenizer', 'names', 'ids'];
const PLAIN_KINDS: readonly ContentKindName[] = ['text', 'binary', 'jsonObject', 'empty'];

/**
 * Reads a file with one entry a line, in UTF-8, lines ended by a line feed (BERT's `vocab.txt`), or a `tokenizer.json` of
 * Hugging Face.
 *
 * @throws UsageError when there is no such file; LxmertError when it is not such a file
 */
export async function loadVocabulary(path: string): Promise<Vocabulary> {
  const bytes = await readBytes(path);
  const source = `The vocabulary ${path}`;
  try {
    if (!/\.json$/i.test(path)) return Vocabulary.parse(bytes, source);
    return vocabularyOfTokenizer(new TextDecoder().decode(bytes), source);
  } catch (cause) {
    const message = nameOfAnother(path);
    throw message === undefined ? cause : new LxmertError(message, { cause });
  }
}

/** What a file is that is no vocabulary at all; undefined for one that may be a damaged one. */
function nameOfAnother(path: string): string | undefined {
  const isKnown = recogniseForm(path) !== undefined;
  if (!isKnown && PLAIN_KINDS.includes(readContentKind(path).kind)) return undefined;
  return foreignFile(
    path,
    'a vocabulary of word pieces, such as the vocab.txt of the model',
    LIKE_VOCABULARIES,
  );
}

/** Writes the entries as {@link loadVocabulary} reads them; the file is whole or absent. */
export async function saveVocabulary(vocabulary: Vocabulary, path: string): Promise<void> {
  await writeFileAtomic(path, vocabulary.toText());
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size > MAX_FILE_BYTES) {
      throw new LxmertError(
        `The vocabulary ${path} has ${size} bytes; a vocabulary has under ${MAX_FILE_BYTES}. Is it another file, such as ` +
          'the weights?',
      );
    }
    return await readFile(path);
  } catch (error) {
    if (error instanceof LxmertError) throw error;
    if (hasErrorCode(error, 'ENOENT')) {
      throw new UsageError(
        `There is no vocabulary file ${path}. It is the vocab.txt that belongs to the model.`,
        {
          cause: error,
        },
      );
    }
    throw unreadable(path, error);
  }
}
