/** @file `lxmert prepare vqa`. */

import { z } from 'zod';
import { VQA_MIN_OCCURRENCES } from '../../data/buildAnswerTable.js';
import { cocoSplits } from '../../data/cocoImages.js';
import { prepareVqa } from '../../data/prepare/prepareVqa.js';
import { readQuestionIds } from '../../data/prepare/questionIds.js';
import { defineCommand } from '../command.js';
import { existingFile } from '../options.js';
import { renderPreparedVqa } from '../prepareReport.js';
import {
  builtTableOptions,
  preparationOptions,
  preparationSources,
  runPreparation,
} from '../sharedOptions/preparationOptions.js';

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
  arguments: preparationSources,
  options: z.strictObject({
    ...preparationOptions,
    minivalIds: existingFile()
      .optional()
      .describe('List of validation question ids, one a line, that make minival.json'),
    ...builtTableOptions(
      VQA_MIN_OCCURRENCES,
      'Questions whose most given answer it must be for an answer to be in the table',
    ),
    as: z
      .enum(cocoSplits)
      .optional()
      .describe('Take questions and annotations under whatever names as those of this split'),
  }),
  run: ({ options, ...context }) =>
    runPreparation({ options, ...context }, async (told) =>
      prepareVqa({
        ...told,
        minOccurrences: options.minOccurrences,
        as: options.as,
        ...(options.minivalIds !== undefined && { minivalIds: await readQuestionIds(options.minivalIds) }),
      }),
    ),
  render: renderPreparedVqa,
});
