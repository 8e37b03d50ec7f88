/** @file `lxmert prepare vizwiz`. */

import { z } from 'zod';
import { VQA_MIN_OCCURRENCES } from '../../data/buildAnswerTable.js';
import { prepareVizwiz } from '../../data/prepare/prepareVizwiz.js';
import { formatCount } from '../../formats/numbers.js';
import { defineCommand } from '../command.js';
import { nextSteps } from '../nextSteps.js';
import { renderSplits } from '../prepareReport.js';
import {
  builtTableOptions,
  preparationOptions,
  preparationSources,
  runPreparation,
} from '../sharedOptions/preparationOptions.js';

export const command = defineCommand({
  description:
    "Takes VizWiz's annotations out of their archive, checks every question, and makes the answer table of the training " +
    "answers. Sources are the downloaded archive, JSON files, or folders of both. Writes train.json, val.json and test.json in VizWiz's own " +
    'form, which finetune vizwiz and score vizwiz read, with trainval_label2ans.json and trainval_ans2label.json.',
  examples: [
    {
      command: 'lxmert prepare vizwiz Annotations.zip --output data/vizwiz',
      does: 'prepares all splits of the archive',
    },
  ],
  arguments: preparationSources,
  options: z.strictObject({
    ...preparationOptions,
    ...builtTableOptions(
      VQA_MIN_OCCURRENCES,
      'Training questions that an answer must be among the ten of for it to be in the table',
    ),
  }),
  run: (context) =>
    runPreparation(context, (told) =>
      prepareVizwiz({ ...told, minOccurrences: context.options.minOccurrences }),
    ),
  render: ({ output, splits, numAnswers, tableFrom, mostOccurrences, notes }) => {
    const answers = tableFrom === 'nothing' ? undefined : 'trainval_label2ans.json';
    const val = splits.find(({ file, numAnswered }) => file === 'val.json' && numAnswered > 0);
    return [
      ...renderSplits(output, splits).map((line, i) => {
        const count = splits[i]?.numUnanswerable ?? 0;
        return count === 0 ? line : `${line}, ${formatCount(count, 'question')} unanswerable`;
      }),
      ...notes,
      ...{
        given: [`${formatCount(numAnswers ?? 0, 'answer')} in the table, as given`],
        annotations: [
          `${formatCount(numAnswers ?? 0, 'answer')} in the table, made from the training answers`,
        ],
        // Where no answer is frequent enough, a note says so.
        nothing:
          mostOccurrences === undefined
            ? ['no answer table: finetune vizwiz makes one from its training answers']
            : [],
      }[tableFrom],
      ...nextSteps({
        task: 'vizwiz',
        output,
        splits,
        answers,
        ...(mostOccurrences !== undefined && { trainingFlags: `--min-occurrences ${mostOccurrences}` }),
        scoring: val === undefined ? undefined : `--annotations ${output}/val.json`,
      }),
    ].join('\n');
  },
});
