/** @file The sentences of a file of examples, whatever task it is for: what a vocabulary is made from. */

import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { LxmertError } from '../../common/errors.js';
import { readRecords } from './exampleFile.js';

/** Keys of one sentence, as data sets call it: of one's own, VQA and GQA, official files, captions. */
const SENTENCE_KEYS = ['text', 'sent', 'question', 'sentence', 'caption'];
/** Of pre-training: lists of sentences by where they come from. */
const SENTENCES_BY_SOURCE = 'sentf';

/**
 * Sentences of JSON or JSON lines in the form of any task; of a file whose name ends with .txt every line is one.
 *
 * @throws LxmertError for a file whose records hold no sentence, and as `readRecords`
 */
export async function* readSentences(file: string): AsyncGenerator<string, void, undefined> {
  if (file.toLowerCase().endsWith('.txt')) {
    yield* createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Number.POSITIVE_INFINITY });
    return;
  }
  for await (const { value, place } of readRecords(file, 'example')) {
    const sentences = sentencesOf(value);
    if (sentences === undefined) {
      throw new LxmertError(
        `${file}: ${place} holds no sentence: none of the keys ${SENTENCE_KEYS.join(', ')} and ${SENTENCES_BY_SOURCE}. Text alone is read from files that end with .txt, a sentence a line.`,
      );
    }
    yield* sentences;
  }
}

function sentencesOf(value: unknown): string[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const record = value as Readonly<Record<string, unknown>>;
  const bySource = record[SENTENCES_BY_SOURCE];
  const listed =
    typeof bySource === 'object' && bySource !== null ? Object.values(bySource).flat() : undefined;
  const single = SENTENCE_KEYS.map((key) => record[key]).find((each) => typeof each === 'string');
  const found = [listed ?? [], single ?? []].flat().filter((each) => typeof each === 'string');
  return found.length === 0 && listed === undefined ? undefined : found;
}
