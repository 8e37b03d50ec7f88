/** @file `lxmert vocabulary`. */

import { z } from 'zod';
import { readSentences } from '../../data/annotations/sentences.js';
import { formatCount, formatNumber, formatPercent } from '../../formats/numbers.js';
import { countWords, vocabularyOfWords } from '../../text/index.js';
import { saveVocabulary } from '../../text/vocabularyFile.js';
import { defineCommand } from '../command.js';
import { existingFile, outputFile, refuseFileThere } from '../options.js';

interface Result {
  readonly output: string;
  readonly numEntries: number;
  readonly numSentences: number;
  /** Different words, and those of them that have an entry of their own. */
  readonly numWords: number;
  readonly numWholeWords: number;
  /** The share of all words of the sentences that are one piece. */
  readonly shareWhole: number;
}

export const command = defineCommand({
  description:
    'Makes a word-piece vocabulary (--vocab) from the sentences of training files, for a model that is trained from nothing: the ' +
    'special entries, every letter, digit and sign alone and within words, then whole words, the most frequent first. Words ' +
    'without an entry are spelled by their letters. Models that start from published weights keep the vocabulary of those.',
  examples: [
    {
      command: 'lxmert vocabulary train.jsonl --output vocab.txt',
      does: 'takes every word of the training questions',
    },
    {
      command: 'lxmert vocabulary train.json captions.txt --output vocab.txt --min-count 3 --max-words 8000',
      does: 'takes the 8,000 most frequent words of two files, of those that occur three times',
    },
  ],
  arguments: z.strictObject({
    files: z
      .array(existingFile())
      .min(1)
      .describe('Training examples of any task (JSON or JSON lines), or .txt files with a sentence a line'),
  }),
  options: z.strictObject({
    output: outputFile().describe('The file to write').meta({ valueName: 'FILE' }),
    minCount: z
      .int()
      .min(1)
      .default(1)
      .describe('Occurrences in the sentences that a word must have for an entry of its own'),
    maxWords: z.int().min(0).optional().describe('Whole words at most, in word pieces [default: all]'),
    overwrite: z.boolean().default(false).describe('Replace the file if it is already there'),
  }),
  async run({ arguments: { files }, options, signal }): Promise<Result> {
    const { output, minCount, maxWords, overwrite } = options;
    if (!overwrite) refuseFileThere(output);
    const sentences: string[] = [];
    for (const file of files) {
      for await (const sentence of readSentences(file)) {
        signal.throwIfAborted();
        sentences.push(sentence);
      }
    }
    const words = countWords(sentences, true);
    const vocabulary = vocabularyOfWords(words, {
      minCount,
      ...(maxWords === undefined ? {} : { maxWords }),
    });
    await saveVocabulary(vocabulary, output);
    const counts = [...words];
    const whole = counts.filter(([word]) => vocabulary.id(word) !== undefined);
    const sum = (some: readonly (readonly [string, number])[]): number =>
      some.reduce((total, [, count]) => total + count, 0);
    return {
      output,
      numEntries: vocabulary.size,
      numSentences: sentences.length,
      numWords: counts.length,
      numWholeWords: whole.length,
      shareWhole: counts.length === 0 ? 0 : sum(whole) / sum(counts),
    };
  },
  render: ({ output, numEntries, numSentences, numWords, numWholeWords, shareWhole }) =>
    `${output}: ${formatCount(numEntries, 'word piece')}. Of ${formatCount(numWords, 'different word')} in ${formatCount(numSentences, 'sentence')} ` +
    `${formatNumber(numWholeWords)} are one piece (${formatPercent(shareWhole, 1)} of all words); the others are spelled.`,
});
