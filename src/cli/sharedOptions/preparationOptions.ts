/** @file What the flags of preparations have alike. */

import { z } from 'zod';
import type { AnswerTable } from '../../data/answerTable.js';
import { loadAnswerTable } from '../../data/answerTableFiles.js';
import type { PrepareOptions } from '../../data/prepare/prepareOptions.js';
import type { CommandContext } from '../command.js';
import { existingFile, existingPath, outputPath } from '../options.js';
import { rowNotices } from '../prepareReport.js';

/** Where the official files lie. */
export const preparationSources = z.strictObject({
  sources: z
    .array(existingPath())
    .min(1)
    .describe('Archives, JSON files, Parquet tables, or folders of them'),
});

/** Where the files go. */
export const preparationOptions = {
  output: outputPath().describe('Folder for the files').meta({ valueName: 'FOLDER' }),
  overwrite: z.boolean().default(false).describe('Replace files that are already there'),
};

/** Where the answer table comes from. @param what whom `minOccurrences` counts */
export function builtTableOptions(minOccurrences: number, what: string) {
  return {
    answers: existingFile()
      .optional()
      .describe('Answer table (label2ans) to use instead of one made from the annotations'),
    minOccurrences: z.int().min(1).default(minOccurrences).describe(what),
  };
}

/** What every preparation is told. */
type PreparationTold = PrepareOptions & {
  readonly outputFolder: string;
  readonly answerTable?: AnswerTable;
};

/** The flags of every preparation; `answers` is the file of a table that was given. */
interface PreparationFlags {
  readonly output: string;
  readonly overwrite: boolean;
  readonly answers?: string | undefined;
}

/**
 * The run of a command that prepares: its result says where the files are.
 *
 * @param prepare what the data set does with what all are told
 */
export async function runPreparation<Result extends object>(
  {
    arguments: { sources },
    options: { output, overwrite, answers },
    notice,
    signal,
  }: Pick<
    CommandContext<{ readonly sources: readonly string[] }, PreparationFlags>,
    'arguments' | 'options' | 'notice' | 'signal'
  >,
  prepare: (told: PreparationTold) => Promise<Result>,
): Promise<{ readonly output: string } & Result> {
  const prepared = await prepare({
    sources,
    outputFolder: output,
    overwrite,
    ...(answers === undefined ? {} : { answerTable: await loadAnswerTable(answers, { say: notice }) }),
    onRows: rowNotices(notice),
    signal,
  });
  return { output, ...prepared };
}
