/** @file `lxmert bench`. */

import path from 'node:path';
import { z } from 'zod';
import { comparePeers, type PeerComparison } from '../../bench/peers/comparePeers.js';
import { renderPeers } from '../../bench/peers/renderPeers.js';
import { STATES } from '../../bench/peers/states.js';
import { type BenchReport, runBench, WORK_NAMES } from '../../bench/runBench.js';
import { UsageError } from '../../common/errors.js';
import { userCacheFolder } from '../../common/userCache.js';
import { formatSeconds } from '../../formats/numbers.js';
import { ANSWERING_PRECISIONS, lxmertConfig } from '../../model/index.js';
import { loadWarning } from '../../torch/index.js';
import { defineCommand } from '../command.js';

export const command = defineCommand({
  description:
    'Measures inference, single questions, training, pre-training, the region detector, loading a checkpoint and reading features, ' +
    'each beside the limit of this machine (matrix products, memory, file cache) measured in the same run; with --peers, single ' +
    'questions in turn with OpenVINO and ONNX Runtime. Full-size models by default.',
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
    {
      command: 'lxmert bench --work latency --peers',
      does: 'measures single questions in turn with OpenVINO and ONNX Runtime, on a quiet and on a busy machine',
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
      .array(z.enum(ANSWERING_PRECISIONS))
      .optional()
      .describe(
        'What is computed in, one or several; float32 unless it says otherwise, for --peers int8 too',
      ),
    work: z
      .array(z.enum(WORK_NAMES))
      .default([...WORK_NAMES])
      .describe('What to measure'),
    peers: z
      .boolean()
      .default(false)
      .describe(
        'Questions (--work latency) in turn with OpenVINO and ONNX Runtime, full size, on the same random weights',
      ),
    python: z
      .string()
      .min(1)
      .optional()
      .describe(
        'The Python with torch, transformers, onnx, onnxscript, onnxruntime and openvino; python3 unless it says otherwise',
      )
      .meta({ valueName: 'PROGRAM' }),
    eager: z.boolean().default(false).describe('PyTorch itself too, among --peers'),
    state: z
      .array(z.enum(STATES))
      .optional()
      .describe('Of the machine, for --peers: all three unless it says otherwise'),
  }),
  run: async ({ options, notice, signal, progress }) => {
    let what = '';
    const { peers, python, eager, state } = options;
    if (!peers && (python !== undefined || eager || state !== undefined)) {
      throw new UsageError('--python, --eager and --state are for --peers.');
    }
    if (peers && (options.small || options.work.length !== 1 || options.work[0] !== 'latency')) {
      throw new UsageError('--peers goes with --work latency alone, of the full-size model.');
    }
    const shown = {
      onStart: (name: string) => {
        what = name;
        notice(`Measuring ${what} ...`);
        const busy = loadWarning();
        if (busy !== undefined) notice(busy);
      },
      watch: () => progress(`Measuring ${what}`, 'repetitions'),
    };
    if (peers) {
      return await comparePeers({
        python: python ?? 'python3',
        folder: path.join(userCacheFolder(), 'peers'),
        precisions: options.precision ?? ['float32', 'int8'],
        states: state ?? STATES,
        withEager: eager,
        repetitions: options.repetitions,
        signal,
        ...shown,
      });
    }
    return await runBench({
      config: options.small ? SMALL : lxmertConfig(),
      numAnswers: 3129,
      isSmall: options.small,
      batchSize: options.batchSize,
      precisions: options.precision ?? ['float32'],
      repetitions: options.repetitions,
      work: options.work,
      signal,
      ...shown,
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

function render(report: BenchReport | PeerComparison): string {
  if ('versions' in report) return renderPeers(report);
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

/** Three digits that count. */
function formatDetail(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function formatRate(rate: number, unit: string): string {
  return rate >= 1e7 ? `${(rate / 1e9).toFixed(1)} G${unit}` : `${rate.toFixed(1)} ${unit}`;
}
