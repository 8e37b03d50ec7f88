/**
 * @file The same work on the reference's PyTorch, on Hugging Face's LXMERT and here, in one go: rows of examples a second,
 * ratios, and the share of the device's own rate of matrix products.
 *
 *     node dist/bench/compareDevices.js --device cuda --python python3 --output comparison.jsonl
 */

import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { packageRoot } from '../src/common/version.js';
import { LXMERT_BASE, type LxmertConfig, lxmertConfig } from '../src/model/index.js';
import { allowTf32, type Device, parseDevice, requirePrecision, useDevice } from '../src/torch/index.js';
import { runtimeInfo } from '../src/torch/runtime.js';
import { comparisonTable } from './device/comparisonTable.js';
import { detectorSteps } from './device/detectorSteps.js';
import { deviceMatrixRate } from './device/deviceRate.js';
import { inferenceSteps } from './device/inferenceSteps.js';
import { type DevicePrecision, type DeviceRow, type DeviceWork, deviceRows, dtypeOf } from './device/rows.js';
import { finetuneSteps, pretrainSteps, type TimedSteps } from './device/steps.js';

const { values } = parseArgs({
  options: {
    device: { type: 'string', default: 'auto' },
    python: { type: 'string', default: 'python3' },
    output: { type: 'string', default: 'comparison.jsonl' },
    size: { type: 'string', default: 'base' },
    work: { type: 'string', multiple: true, default: ['finetune', 'pretrain', 'infer', 'detect'] },
    precision: { type: 'string', multiple: true, default: ['bfloat16', 'tf32', 'float32'] },
    steps: { type: 'string', default: '30' },
    'warm-up': { type: 'string', default: '10' },
    /** Leaves out the other implementations. */
    'only-own': { type: 'boolean', default: false },
  },
});

const device = useDevice(parseDevice(values.device));
const isTiny = values.size === 'tiny';
const numSteps = Number(values.steps);
const warmUp = Number(values['warm-up']);
// The sizes of bench/reference/sizes.py.
const config: LxmertConfig = isTiny
  ? lxmertConfig({
      vocabSize: 1000,
      hiddenSize: 64,
      numAttentionHeads: 4,
      intermediateSize: 128,
      numLanguageLayers: 2,
      numVisionLayers: 1,
      numCrossLayers: 1,
      visualFeatureSize: 64,
    })
  : LXMERT_BASE;
const numAnswers = isTiny ? 50 : 3129;

if (!values['only-own']) runOthers();
const folder = mkdtempSync(path.join(tmpdir(), 'lxmert-compare-'));
try {
  const precisions = values.precision as DevicePrecision[];
  for (const precision of precisions) record(matrixLine(precision));
  for (const row of deviceRows(values.work as DeviceWork[], precisions)) record(await ownLine(row));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const lines = readFileSync(values.output, 'utf8').trim().split('\n');
console.log(`\n${comparisonTable(lines.map((line) => JSON.parse(line) as Record<string, unknown>))}`);
if (isTiny) {
  console.log(
    '\nTiny sizes are there to see that everything runs; they differ between implementations, so the ratios say nothing.',
  );
}

function runOthers(): void {
  const words = [
    path.join(packageRoot(), 'bench/reference/sweep.py'),
    ...['--device', device === 'cpu' ? 'cpu' : 'cuda', '--json-lines', values.output, '--size', values.size],
    ...['--steps', values.steps, '--warmup', values['warm-up'], '--work', 'matrix', ...values.work],
  ];
  const { status, error } = spawnSync(values.python, words, { stdio: 'inherit' });
  if (error !== undefined || status !== 0) {
    console.error(
      `The other implementations did not run: ${error?.message ?? `'${values.python}' ended with ${status}`}. ` +
        'They need Python with torch and transformers (--python names it); --only-own leaves them out.',
    );
    process.exit(1);
  }
}

function matrixLine(precision: DevicePrecision): Record<string, unknown> {
  const about = { implementation: 'lxmert', work: 'matrix', precision, device };
  return attempt(about, precision, () => ({
    matrixTeraflops: deviceMatrixRate(device, dtypeOf(precision)) / 1e12,
  }));
}

async function ownLine(row: DeviceRow): Promise<Record<string, unknown>> {
  const { work, batchSize, precision } = row;
  const about = { implementation: 'lxmert', ...row, device, torchVersion: runtimeInfo().torchVersion };
  const settings = { config, numAnswers, batchSize, precision: dtypeOf(precision), device, numSteps, warmUp };
  const found = (timed: TimedSteps) => ({ ...timed, examplesPerSecond: batchSize / timed.secondsPerStep });
  if (work === 'detect') {
    return attempt(about, precision, async () =>
      found(await detectorSteps({ ...settings, isSmall: isTiny, folder })),
    );
  }
  const steps = { finetune: finetuneSteps, pretrain: pretrainSteps, infer: inferenceSteps }[work];
  return attempt(about, precision, () => found(steps(settings)));
}

/** A line, or one that says why there is none: a device lacks a format, or memory. */
function attempt<T extends object>(
  about: object,
  precision: DevicePrecision,
  measureIt: () => T,
): T extends Promise<infer U> ? Promise<object & U> : Record<string, unknown> {
  const skipped = (error: unknown) => ({
    ...about,
    skipped: error instanceof Error ? error.message : String(error),
  });
  try {
    prepare(precision, device);
    const result = measureIt();
    const line =
      result instanceof Promise
        ? result.then((found: object) => ({ ...about, ...found }), skipped)
        : { ...about, ...result };
    return line as never;
  } catch (error) {
    return skipped(error) as never;
  }
}

function prepare(precision: DevicePrecision, on: Device): void {
  if (precision === 'tf32' && on === 'cpu') throw new Error('TF32 is a format of GPUs.');
  requirePrecision(dtypeOf(precision), on);
  allowTf32(precision === 'tf32');
}

function record(line: Record<string, unknown>): void {
  appendFileSync(values.output, `${JSON.stringify(line)}\n`);
  const { work, batchSize = '', precision, skipped, examplesPerSecond, matrixTeraflops } = line;
  const result =
    typeof skipped === 'string'
      ? `skipped. ${skipped}`
      : typeof matrixTeraflops === 'number'
        ? `${matrixTeraflops.toPrecision(3)} TFLOP/s`
        : `${Number(examplesPerSecond).toFixed(1)} examples/s`;
  console.log(`lxmert ${work} ${batchSize} ${precision}: ${result}`);
}
