/** @file The measured work of `lxmert bench`: each with its ratio to the machine's limit in the same run. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { UsageError } from '../common/errors.js';
import type { AnsweringPrecision, Precision } from '../model/index.js';
import { runtimeLine } from '../torch/index.js';
import type { BenchResult, BenchSettings } from './result.js';
import { features, load } from './work/files.js';
import { inference } from './work/inference.js';
import { latency } from './work/latency.js';
import { pretrainingWork } from './work/pretraining.js';
import { suppression } from './work/suppression.js';
import { training } from './work/training.js';
import { vision } from './work/vision.js';

/** Work that is done once for each precision: what only answers, and the rest, for which there is no int8. */
const ANSWERING = { inference, latency } as const;
const BY_PRECISION = { training, pretraining: pretrainingWork, vision } as const;
const ONCE = { suppression, load, features } as const;

export const WORK_NAMES = [
  'inference',
  'latency',
  'training',
  'pretraining',
  'vision',
  'suppression',
  'load',
  'features',
] as const;
export type WorkName = (typeof WORK_NAMES)[number];

export interface BenchOptions extends Omit<BenchSettings, 'folder' | 'precision'> {
  readonly precisions: readonly AnsweringPrecision[];
  readonly work: readonly WorkName[];
  readonly onStart?: (what: string) => void;
}

export interface BenchReport {
  readonly runtime: string;
  readonly batchSize: number;
  readonly results: readonly BenchResult[];
}

export async function runBench(options: BenchOptions): Promise<BenchReport> {
  const { work, precisions, onStart } = options;
  const without = work.find((name) => name in BY_PRECISION);
  if (without !== undefined && precisions.includes('int8')) {
    throw new UsageError(
      `There is no ${without} in int8: it is for what only answers (--work inference,latency).`,
    );
  }
  const folder = await mkdtemp(path.join(tmpdir(), 'lxmert-bench-'));
  try {
    const results: BenchResult[] = [];
    for (const name of work) {
      if (name in ONCE) {
        onStart?.(name);
        results.push(
          ...(await ONCE[name as keyof typeof ONCE]({ ...options, precision: 'float32', folder })),
        );
        continue;
      }
      for (const precision of precisions) {
        onStart?.(`${name} in ${precision}`);
        results.push(...(await measureIn(name, precision, { ...options, folder })));
      }
    }
    return { runtime: runtimeLine(), batchSize: options.batchSize, results };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function measureIn(
  name: WorkName,
  precision: AnsweringPrecision,
  settings: Omit<BenchSettings, 'precision'>,
): Promise<BenchResult[]> {
  if (name in ANSWERING) return ANSWERING[name as keyof typeof ANSWERING]({ ...settings, precision });
  return BY_PRECISION[name as keyof typeof BY_PRECISION]({ ...settings, precision: precision as Precision });
}
