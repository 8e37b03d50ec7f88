/** @file `lxmert prepare answers`. */

import { z } from 'zod';
import {
  PRETRAINING_ANSWERS,
  type PreparedAnswers,
  prepareAnswers,
} from '../../data/prepare/prepareAnswers.js';
import { formatCount, formatNumber, formatPercent } from '../../formats/numbers.js';
import { defineCommand } from '../command.js';
import { existingPath, outputFile } from '../options.js';
import { rowNotices } from '../prepareReport.js';

export const command = defineCommand({
  description:
    'Makes the answer table of a pre-training head (all_ans.json) from the aggregated pre-training data: the answers of ' +
    'the most examples, in their normalised spelling, with the data sets that each occurs in.',
  examples: [
    {
      command:
        'lxmert prepare answers mscoco_train.json mscoco_nominival.json vgnococo.json --output all_ans.json',
      does: 'takes the 9,500 most frequent answers of three files',
    },
  ],
  arguments: z.strictObject({
    sources: z
      .array(existingPath())
      .min(1)
      .describe('Pre-training JSON files, zip archives, or folders of them'),
  }),
  options: z.strictObject({
    output: outputFile().describe('The file to write').meta({ valueName: 'FILE' }),
    numAnswers: z
      .int()
      .min(1)
      .default(PRETRAINING_ANSWERS)
      .describe('Answers to keep, the most frequent first'),
    minOccurrences: z.int().min(1).default(1).describe('Examples that an answer must have'),
    overwrite: z.boolean().default(false).describe('Replace the file if it is already there'),
  }),
  async run({
    arguments: { sources },
    options,
    notice,
    signal,
  }): Promise<PreparedAnswers & { output: string }> {
    const prepared = await prepareAnswers({
      sources,
      outputFile: options.output,
      numAnswers: options.numAnswers,
      minOccurrences: options.minOccurrences,
      overwrite: options.overwrite,
      onRows: rowNotices(notice),
      signal,
    });
    return { output: options.output, ...prepared };
  },
  render: ({ output, ...counts }) => {
    const share = counts.numExamples === 0 ? 0 : counts.numExamplesCovered / counts.numExamples;
    return (
      `${output}: ${formatNumber(counts.numAnswers)} of ${formatCount(counts.numAnswersFound, 'answer')}, each of at least ` +
      `${formatCount(counts.fewestOccurrences, 'example')}\n${formatCount(counts.numExamples, 'labelled example')} of ${formatCount(counts.numImages, 'image')}, ` +
      `${formatNumber(counts.numExamplesCovered)} of them with an answer in the table (${formatPercent(share, 1)})`
    );
  },
});
