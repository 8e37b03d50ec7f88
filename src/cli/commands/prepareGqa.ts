/** @file `lxmert prepare gqa`. */

import { z } from 'zod';
import { gqaSplitNames } from '../../data/prepare/gqaSplits.js';
import { prepareGqa } from '../../data/prepare/prepareGqa.js';
import { formatCount } from '../../formats/numbers.js';
import { defineCommand } from '../command.js';
import { nextSteps } from '../nextSteps.js';
import { existingFile } from '../options.js';
import { renderSplits } from '../prepareReport.js';
import {
  preparationOptions,
  preparationSources,
  runPreparation,
} from '../sharedOptions/preparationOptions.js';

export const command = defineCommand({
  description:
    'Makes the question files and the answer table that training reads from the official GQA questions. Sources are the ' +
    'downloaded zip archive, JSON files, Parquet tables of a hub, or folders of them; files are known by their official names, others in their ' +
    "form (GQA-OOD, LLaVA's lines) by their content, and keep their names. Writes " +
    'train.json, valid.json, testdev.json, test.json, challenge.json and submit.json, those whose questions are there, ' +
    'with trainval_label2ans.json and trainval_ans2label.json.',
  examples: [
    {
      command: 'lxmert prepare gqa questions1.2.zip --output data/gqa',
      does: 'prepares the balanced questions and those of the test server',
    },
    {
      command: 'lxmert prepare gqa questions1.2.zip --answers trainval_label2ans.json --output data/gqa',
      does: 'keeps the answer table of a head that exists',
    },
    {
      command: 'lxmert prepare gqa ood_testdev_head.json ood_testdev_tail.json --output data/gqa-ood',
      does: 'prepares the head and the tail of GQA-OOD',
    },
  ],
  arguments: preparationSources,
  options: z.strictObject({
    ...preparationOptions,
    questions: z
      .enum(['balanced', 'all'])
      .default('balanced')
      .describe('Which questions; files of all questions get _all behind their names'),
    answers: existingFile()
      .optional()
      .describe('Answer table (label2ans) to use instead of one made from train and val'),
    as: z
      .enum(gqaSplitNames)
      .optional()
      .describe('Take the file, whatever it is called, as this split: testdev makes testdev.json'),
  }),
  run: ({ options, ...context }) =>
    runPreparation({ options, ...context }, (told) =>
      prepareGqa({ ...told, questions: options.questions, as: options.as }),
    ),
  render: ({ output, splits, numAnswers, tableFrom, notes }) =>
    [
      ...renderSplits(output, splits),
      ...notes,
      {
        given: `${formatCount(numAnswers ?? 0, 'answer')} in the table, as given`,
        questions: `${formatCount(numAnswers ?? 0, 'answer')} in the table, made from train and val`,
        nothing:
          'no answer table: train and val, of which it is made, are not there or have no answers, and --answers names none',
      }[tableFrom],
      ...nextSteps({
        task: 'gqa',
        output,
        splits,
        answers: tableFrom === 'nothing' ? undefined : 'trainval_label2ans.json',
      }),
    ].join('\n'),
});
