/** @file `lxmert prepare vqa`. */

import { z } from 'zod';
import { loadAnswerTable } from '../../data/answerTableFiles.js';

import { VQA_MIN_OCCURRENCES } from '../../data/buildAnswerTable.js';
import { type PreparedVqa, prepareVqa } from '../../data/prepare/prepareVqa.js';
import { readQuestionIds } from '../../data/prepare/questionIds.js';
import { cocoSplits } from '../../data/prepare/vqaSplits.js';
import { defineCommand } from '../command.js';
import { existingFile, existingPath, outputPath } from '../options.js';
import { renderPreparedVqa, rowNotices } from '../prepareReport.js';

export const command = defineCommand({
  description:
    'Makes the question files and the answer table that training reads from the official questions and annotations of VQA ' +
    'v2, v1 and VQA-CP, and from the lists of ALBEF, BLIP, LAVIS and LLaVA. Sources are the downloaded archives, JSON ' +
    'files, Parquet tables of a hub, or folders of them; official files and tables are known by their names, lists by ' +
    'their content, and keep their names. Writes train.json, minival.json and nominival.json (val.json without a list of minival ids), ' +
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
    {
      command:
        'lxmert prepare vqa vqacp_v2_train_questions.json vqacp_v2_train_annotations.json vqacp_v2_test_questions.json vqacp_v2_test_annotations.json --output data/vqacp',
      does: 'prepares VQA-CP, whose images are of both halves of COCO',
    },
    {
      command: 'lxmert prepare vqa vqav2/data/validation-*.parquet --output data/vqa',
      does: 'prepares the Parquet tables of a split, of which pictures are not read',
    },
  ],
  arguments: z.strictObject({
    sources: z
      .array(existingPath())
      .min(1)
      .describe('Archives, JSON files, Parquet tables, or folders of them'),
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
    as: z
      .enum(cocoSplits)
      .optional()
      .describe('Take questions and annotations under whatever names as those of this split'),
    overwrite: z.boolean().default(false).describe('Replace files that are already there'),
  }),
  async run({ arguments: { sources }, options, notice, signal }): Promise<PreparedVqa & { output: string }> {
    const prepared = await prepareVqa({
      sources,
      outputFolder: options.output,
      minOccurrences: options.minOccurrences,
      as: options.as,
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
  render: renderPreparedVqa,
});
