/** @file `lxmert bench`. */

import { z } from 'zod';
import { type BenchReport, runBench, WORK_NAMES } from '../../bench/runBench.js';
import { lxmertConfig, PRECISIONS } from '../../model/index.js';
import { loadWarning } from '../../torch/index.js';
import { defineCommand } from '../command.js';

export const command = defineCommand({
  description:
    'Measures inference, training, pre-training, the region detector, loading a checkpoint and reading features, each beside the ' +
    'limit of this machine (matrix products, memory, file cache) measured in the same run. Full-size models by default.',
  examples: [
    { command: 'lxmert bench', does: 'measures the full-size model' },
    {
      command: 'lxmert bench --work training --precision float32 --precision bfloat16',
      does: 'measures a training step in both precisions',
    },
    {
      command: 'lxmert bench --work vision',
      does: 'measures the way from a photo to the features of its regions',
    },
    { command: 'lxmert bench --small --json', does: 'measures a small model and prints JSON' },
  ],
  needsLibtorch: true,
  arguments: z.strictObject({}),
  options: z.strictObject({
    small: z
      .boolean()
      .default(false)
      .describe('A model of width 128 with 2 layers of each kind, and a small detector'),
    batchSize: z.int().min(1).max(4096).default(32).describe('Questions at a time'),
    repetitions: z.int().min(1).max(1000).default(9).describe('Counted repetitions, after two that warm up'),
    precision: z
      .array(z.enum(PRECISIONS))
      .default(['float32'])
      .describe('Numbers between layers; give it twice to measure both'),
    work: z
      .array(z.enum(WORK_NAMES))
      .default([...WORK_NAMES])
      .describe('What to measure'),
  }),
  run: ({ options, notice, signal, progress }) => {
    let what = '';
    return runBench({
      config: options.small ? SMALL : lxmertConfig(),
      numAnswers: 3129,
      isSmall: options.small,
      batchSize: options.batchSize,
      precisions: options.precision,
      repetitions: options.repetitions,
      work: options.work,
      signal,
      onStart: (name) => {
        what = name;
        notice(`Measuring ${what} ...`);
        const busy = loadWarning();
        if (busy !== undefined) notice(busy);
      },
      watch: () => progress(`Measuring ${what}`, 'repetitions'),
    });
  },
  render,
});

const SMALL = lxmertConfig({
  hiddenSize: 128,
  numAttentionHeads: 2,
  intermediateSize: 512,
  numLanguageLayers: 2,
  numVisionLayers: 2,
  numCrossLayers: 2,
});

function render(report: BenchReport): string {
  const lines = [report.runtime, ''];
  for (const result of report.results) {
    lines.push(
      `${result.name}${result.precision === undefined ? '' : ` (${result.precision})`}: ${result.description}`,
      `  min ${formatSeconds(result.minSeconds)}, median ${formatSeconds(result.medianSeconds)} of ${result.repetitions}; ${formatRate(result.rate, result.rateUnit)}`,
      `  ${(100 * result.shareOfLimit).toFixed(0)} % of ${result.limit} (${formatRate(result.limitRate, result.limitUnit)}), at most ${(result.peakResidentBytes / 1e9).toFixed(2)} GB resident`,
    );
    for (const [name, value] of Object.entries(result.details ?? {})) {
      lines.push(
        `  ${name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)}: ${formatDetail(value)}`,
      );
    }
  }
  return lines.join('\n');
}

function formatSeconds(seconds: number): string {
  return seconds >= 1 ? `${seconds.toFixed(2)} s` : `${(1000 * seconds).toFixed(1)} ms`;
}

/** Three digits that count. */
function formatDetail(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function formatRate(rate: number, unit: string): string {
  return rate >= 1e7 ? `${(rate / 1e9).toFixed(1)} G${unit}` : `${rate.toFixed(1)} ${unit}`;
}
