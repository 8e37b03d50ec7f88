/** @file `lxmert score gqa`. */

import { z } from 'zod';
import { scoreGqaFiles } from '../../tasks/metrics/scoreFiles.js';
import { defineCommand } from '../command.js';
import { existingFile } from '../options.js';
import { coverageLines, coverageOptions, notComputedLines, scoreLine, tableLines } from '../scoreCommands.js';

export const command = defineCommand({
  description:
    'Scores [{questionId, prediction}] against the official questions: accuracy and its breakdowns, consistency, ' +
    'validity, plausibility and distribution, over the balanced questions. It says which metrics it could not ' +
    'compute and what they need. See docs/reference/metrics.md.',
  examples: [
    {
      command: 'lxmert score gqa testdev_predict.json --questions testdev_balanced_questions.json',
      does: 'scores predictions for the balanced questions of testdev',
    },
    {
      command:
        'lxmert score gqa val_predict.json --questions val_all_questions.json --choices val_choices.json --consistency',
      does: 'computes every metric from predictions for all questions',
    },
  ],
  arguments: z.strictObject({
    predictions: existingFile().describe('Predictions (JSON), as the reference dumps them'),
  }),
  options: z.strictObject({
    questions: z
      .array(existingFile())
      .min(1)
      .describe('Official questions, such as val_balanced_questions.json'),
    choices: existingFile()
      .optional()
      .describe('Official choices, such as val_choices.json, for validity and plausibility'),
    consistency: z
      .boolean()
      .default(false)
      .describe('Score entailed questions too; takes predictions for all questions'),
    ...coverageOptions,
  }),
  async run({ arguments: { predictions }, options, signal }) {
    const scores = await scoreGqaFiles({ predictions, signal, ...options });
    return { ...scores, missing: options.missing };
  },
  render: (result) =>
    [
      `${result.numQuestions} balanced questions scored.`,
      ...coverageLines(result, result.missing),
      '',
      scoreLine('Accuracy', result.accuracy),
      scoreLine('Binary', result.binary),
      scoreLine('Open', result.open),
      scoreLine('Consistency', result.consistency),
      scoreLine('Validity', result.validity),
      scoreLine('Plausibility', result.plausibility),
      `  ${'Distribution'.padEnd(28)}${(result.distribution?.toFixed(2) ?? '-').padStart(9)}  (lower is better)`,
      ...tableLines('By structural type', result.byStructuralType),
      ...tableLines('By semantic type', result.bySemanticType),
      ...tableLines('By number of reasoning steps', result.bySteps),
      ...tableLines('By number of words', result.byWords),
      ...notComputedLines(result.notComputed),
    ].join('\n'),
});
