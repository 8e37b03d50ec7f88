/** @file `lxmert score nlvr2`. */

import { z } from 'zod';
import { scoreNlvr2Files } from '../../tasks/metrics/scoreFiles.js';
import { defineCommand } from '../command.js';
import { existingFile } from '../options.js';
import { coverageLines, coverageOptions, notComputedLines, scoreLine } from '../scoreCommands.js';

export const command = defineCommand({
  description:
    'Scores lines of identifier,True or identifier,False: accuracy, and consistency, the fraction of sentences that ' +
    'are judged rightly with all of their image pairs. See docs/reference/metrics.md.',
  examples: [
    {
      command: 'lxmert score nlvr2 dev_predict.csv --questions dev.json --balanced balanced_dev.json',
      does: 'scores predictions for dev, and for its balanced subset',
    },
  ],
  arguments: z.strictObject({
    predictions: existingFile().describe('Predictions (CSV), as the reference dumps them'),
  }),
  options: z.strictObject({
    questions: existingFile().describe("Examples with labels: official JSON lines, or the reference's JSON"),
    balanced: existingFile().optional().describe('Examples of the balanced subset, to score by themselves'),
    unbalanced: existingFile()
      .optional()
      .describe('Examples of the unbalanced subset, to score by themselves'),
    ...coverageOptions,
  }),
  async run({ arguments: { predictions }, options, signal }) {
    const scores = await scoreNlvr2Files({ predictions, signal, ...options });
    return { ...scores, missing: options.missing };
  },
  render: (result) =>
    [
      `${result.numExamples} examples scored.`,
      ...coverageLines(result, result.missing, 'examples'),
      '',
      scoreLine('Accuracy', result.accuracy),
      scoreLine(
        'Consistency',
        result.consistency,
        result.consistency === null ? '' : `of ${result.numSentences} sentences`,
      ),
      ...result.subsets.map(({ name, accuracy, numExamples }) =>
        scoreLine(`Accuracy, ${name}`, accuracy, `of ${numExamples}`),
      ),
      ...notComputedLines(result.notComputed),
    ].join('\n'),
});
