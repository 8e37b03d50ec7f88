/** @file `lxmert quickstart`. */

import { z } from 'zod';
import { formatCount, formatMillions, formatPercent } from '../../formats/numbers.js';
import { QUICKSTART_DEFAULTS } from '../../quickstart/defaults.js';
import { runQuickstart } from '../../quickstart/quickstart.js';
import type { QuickstartResult } from '../../quickstart/quickstartResult.js';
import { defineCommand } from '../command.js';
import { outputPath } from '../options.js';
import { computeOptions, computeSettings } from '../sharedOptions/modelOptions.js';
import { seedOption } from '../sharedOptions/seedOption.js';

export const command = defineCommand({
  description:
    'Draws a small world of pictures with questions about them, trains a small LXMERT on it from scratch, and prints ' +
    'how often it is right on scenes it never saw, beside what can be had without looking. Leaves the world, the run ' +
    'and the trained model in a folder. After an interruption the same command goes on.',
  examples: [{ command: 'lxmert quickstart', does: 'goes from nothing to answers in a few minutes' }],
  needsLibtorch: true,
  arguments: z.strictObject({}),
  options: z.strictObject({
    output: outputPath()
      .default(QUICKSTART_DEFAULTS.folder)
      .describe('Folder to make, or that of a quickstart that was interrupted, to go on with'),
    numImages: z
      .int()
      .min(20)
      .default(QUICKSTART_DEFAULTS.numImages)
      .describe('Pictures to draw, all splits together'),
    numEpochs: z
      .int()
      .min(1)
      .default(QUICKSTART_DEFAULTS.numEpochs)
      .describe('Passes over the training questions'),
    numBoxes: z
      .int()
      .min(6)
      .max(100)
      .default(QUICKSTART_DEFAULTS.numBoxes)
      .describe('Regions of each picture'),
    hiddenSize: z
      .int()
      .min(16)
      .default(QUICKSTART_DEFAULTS.hiddenSize)
      .describe('Width of the model, in values of a hidden state; a multiple of 4'),
    learningRate: z
      .number()
      .gt(0)
      .default(QUICKSTART_DEFAULTS.learningRate)
      .describe('Peak learning rate')
      .meta({ valueName: 'RATE' }),
    batchSize: z.int().min(1).default(QUICKSTART_DEFAULTS.batchSize).describe('Questions in a training step'),
    numThreads: z.int().min(1).max(256).default(QUICKSTART_DEFAULTS.numThreads).describe('Compute threads'),
    ...computeOptions,
    ...seedOption('the world, the first weights and the order', QUICKSTART_DEFAULTS.seed),
  }),
  run: ({ options, progress, notice, signal }) =>
    runQuickstart({
      ...options,
      ...computeSettings(options),
      folder: options.output,
      progress,
      notice,
      signal,
    }),
  render,
});

function render(result: QuickstartResult): string {
  const percent = (score: number): string => formatPercent(score).padStart(9);
  const lines: string[] = [];
  if (result.accuracy.length > 0) {
    lines.push('Accuracy            questions    model  question only  majority of type');
    for (const row of result.accuracy) {
      const label = `${row.split} ${row.kind}`.padEnd(20);
      lines.push(
        `${label}${String(row.numQuestions).padStart(9)}${percent(row.model)}${percent(row.questionOnly).padStart(15)}${percent(row.majority).padStart(18)}`,
      );
    }
    lines.push(
      '',
      'minival: scenes never seen. heldout: also pairs of color and shape never seen in training.',
      '',
    );
  }
  for (const example of result.examples) {
    const answers = example.answers.map(
      ({ answer, probability }) => `${answer} ${formatPercent(probability, 1)}`,
    );
    lines.push(
      example.image,
      `  ${example.question}`,
      `  ${answers.join(', ')} (expected: ${example.expected.join(' or ')})`,
    );
  }
  if (result.wasInterrupted) {
    const learned = result.hasLearned ? `; what was learned is in ${result.runFolder}` : '';
    return `Interrupted after ${formatCount(result.numSteps, 'step')}${learned}. The same command goes on.`;
  }
  const parameters = `${formatMillions(result.numParameters)} parameters`;
  lines.push(
    '',
    `${parameters}, ${result.seconds.toFixed(0)} s in all. The trained model is in ${result.runFolder}.`,
  );
  if (result.report !== undefined) lines.push(`The web page about it: ${result.report}`);
  return lines.join('\n');
}
