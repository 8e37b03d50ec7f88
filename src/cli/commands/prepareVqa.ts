/** @file `lxmert prepare vqa`. */

import { z } from 'zod';
import { loadAnswerTable } from '../../data/answerTableFiles.js';

import { VQA_MIN_OCCURRENCES } from '../../data/buildAnswerTable.js';
import { type AnswerCount, type PreparedVqa, prepareVqa } from '../../data/prepare/prepareVqa.js';
import { readQuestionIds } from '../../data/prepare/questionIds.js';
import { formatCount } from '../../formats/numbers.js';
import { defineCommand } from '../command.js';
import { existingFile, existingPath, outputPath } from '../options.js';
import { renderSplits, rowNotices } from '../prepareReport.js';

/** Answers to a question in VQA v1 and v2. */
const VQA_ANNOTATORS = 10;

export const command = defineCommand({
  description:
    'Makes the question files and the answer table that training reads from the official VQA v2 questions and annotations. ' +
    'Sources are the downloaded zip archives, JSON files, or folders of both; files are known by the ends of their ' +
    'official names. Writes train.json, minival.json and nominival.json (val.json without a list of minival ids), ' +
    'test.json, trainval_label2ans.json and trainval_ans2label.json.',
  examples: [
    {
      command: 'lxmert prepare vqa downloads --minival-ids minival_question_ids.txt --output data/vqa',
      does: 'prepares whatever VQA files a folder holds',
    },
    {
      command:
        'lxmert prepare vqa v2_Questions_Val_mscoco.zip v2_Annotations_Val_mscoco.zip --answers trainval_label2ans.json --output data/vqa',
      does: 'prepares the validation questions for a head that exists',
    },
  ],
  arguments: z.strictObject({
    sources: z.array(existingPath()).min(1).describe('Official zip archives, JSON files, or folders of them'),
  }),
  options: z.strictObject({
    output: outputPath().describe('Folder for the files').meta({ valueName: 'FOLDER' }),
    minivalIds: existingFile()
      .optional()
      .describe('List of validation question ids, one a line, that make minival.json'),
    answers: existingFile()
      .optional()
      .describe('Answer table (label2ans) to use instead of one made from the annotations'),
    minOccurrences: z
      .int()
      .min(1)
      .default(VQA_MIN_OCCURRENCES)
      .describe('Questions whose most given answer it must be for an answer to be in the table'),
    overwrite: z.boolean().default(false).describe('Replace files that are already there'),
  }),
  async run({ arguments: { sources }, options, notice, signal }): Promise<PreparedVqa & { output: string }> {
    const prepared = await prepareVqa({
      sources,
      outputFolder: options.output,
      minOccurrences: options.minOccurrences,
      overwrite: options.overwrite,
      ...(options.minivalIds === undefined ? {} : { minivalIds: await readQuestionIds(options.minivalIds) }),
      ...(options.answers === undefined
        ? {}
        : { answerTable: await loadAnswerTable(options.answers, { say: notice }) }),
      onRows: rowNotices(notice),
      signal,
    });
    return { output: options.output, ...prepared };
  },
  render: ({ output, splits, numAnswers, tableFrom, notes, answersPerQuestion }) =>
    [
      ...renderSplits(output, splits),
      ...answerCountLines(answersPerQuestion),
      ...notes,
      `${formatCount(numAnswers, 'answer')} in the table, ${tableFrom === 'given' ? 'as given' : 'made from the annotations'}`,
    ].join('\n'),
});

/** The rule of the scores for each number of answers; nothing to say when there are ten to every question, as in VQA. */
function answerCountLines(counts: readonly AnswerCount[]): string[] {
  if (counts.every(({ numAnswers }) => numAnswers === VQA_ANNOTATORS)) return [];
  return counts.map(({ numAnswers, numQuestions, rule }) =>
    numAnswers === 0
      ? `${formatCount(numQuestions, 'question')} without any answer: the label is empty`
      : `${formatCount(numQuestions, 'question')} with ${formatCount(numAnswers, 'answer')} each: ${rule}`,
  );
}
