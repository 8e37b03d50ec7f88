/** @file `lxmert prepare okvqa`. */

import { z } from 'zod';
import { OKVQA_MIN_OCCURRENCES, prepareVqa } from '../../data/prepare/prepareVqa.js';
import { defineCommand } from '../command.js';
import { renderPreparedVqa } from '../prepareReport.js';
import {
  builtTableOptions,
  preparationOptions,
  preparationSources,
  runPreparation,
} from '../sharedOptions/preparationOptions.js';

export const command = defineCommand({
  description:
    'Makes the question files and the answer table that finetune vqa reads from the official questions and annotations of ' +
    'OK-VQA. Sources are the downloaded archives, JSON files, or folders of both. Writes train.json, val.json, ' +
    'trainval_label2ans.json and trainval_ans2label.json. Predictions are scored by lxmert score vqa.',
  examples: [
    {
      command: 'lxmert prepare okvqa downloads/okvqa --output data/okvqa',
      does: 'prepares the archives of a folder, with a table of their own answers',
    },
    {
      command: 'lxmert prepare okvqa downloads/okvqa --answers trainval_label2ans.json --output data/okvqa',
      does: "keeps the table of VQA's head, to go on from a model that was fine-tuned on VQA",
    },
  ],
  arguments: preparationSources,
  options: z.strictObject({
    ...preparationOptions,
    ...builtTableOptions(
      OKVQA_MIN_OCCURRENCES,
      'Questions whose most given answer it must be for an answer to be in the table',
    ),
  }),
  run: (context) =>
    runPreparation(context, (told) =>
      prepareVqa({ ...told, minOccurrences: context.options.minOccurrences, isOkvqa: true }),
    ),
  render: renderPreparedVqa,
});
