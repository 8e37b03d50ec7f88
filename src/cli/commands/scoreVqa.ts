/** @file `lxmert score vqa`. */

import { z } from 'zod';
import { formatPercent } from '../../formats/numbers.js';
import { scoreVqaFiles } from '../../tasks/metrics/scoreFiles.js';
import { defineCommand } from '../command.js';
import { existingFile } from '../options.js';
import { coverageLines, coverageOptions, tableLines } from '../scoreCommands.js';

export const command = defineCommand({
  description:
    'Scores [{question_id, answer}] against the ten raw answers of the official annotations: the accuracy of the VQA ' +
    'v2 challenge, over all and by type of answer and question. See docs/reference/metrics.md.',
  examples: [
    {
      command:
        'lxmert score vqa minival_predict.json --annotations v2_mscoco_val2014_annotations.json --missing skip',
      does: 'scores predictions for a part of val2014',
    },
  ],
  arguments: z.strictObject({
    predictions: existingFile().describe('Predictions (JSON), as lxmert predict vqa writes them'),
  }),
  options: z.strictObject({
    annotations: existingFile().describe('Official annotations, such as v2_mscoco_val2014_annotations.json'),
    ...coverageOptions,
  }),
  async run({ arguments: { predictions }, options, signal }) {
    const scores = await scoreVqaFiles({ predictions, signal, ...options });
    return { ...scores, missing: options.missing };
  },
  render: (result) =>
    [
      `Accuracy ${formatPercent(result.accuracy)} over ${result.numQuestions} questions.`,
      ...coverageLines(result, result.missing),
      ...tableLines('By answer type', result.byAnswerType),
      ...tableLines('By question type', result.byQuestionType),
    ].join('\n'),
});
