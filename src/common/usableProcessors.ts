/** @file Which processors this process may run on, and how many threads find one there. */

import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type ProcessorQuota, processorQuota } from './processorQuota.js';

/**
 * The processors of this process by number, by its affinity; undefined where the system does not say.
 *
 * @param root where `/proc` is; another in tests
 */
export function usableProcessors(root = '/'): ReadonlySet<number> | undefined {
  let status: string;
  try {
    status = readFileSync(path.join(root, 'proc/self/status'), 'utf8');
  } catch {
    return undefined;
  }
  const list = /^Cpus_allowed_list:\s*(\d[\d,-]*)$/m.exec(status)?.[1];
  if (list === undefined) return undefined;
  const numbers = list.split(',').flatMap((part) => {
    const [from = 0, to = from] = part.split('-').map(Number);
    return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
  });
  return new Set(numbers);
}

/**
 * How many they are. Later versions of Node.js count a quota of processor time in `os.availableParallelism`, rounded down; this
 * does not.
 *
 * @param root where `/proc` is; another in tests
 */
export function numUsableProcessors(
  root = '/',
  numOnline = os.cpus().length,
  byNode = os.availableParallelism(),
): number {
  // Processors that could be plugged in are in the list too.
  return Math.max(1, byNode, Math.min(usableProcessors(root)?.size ?? 0, numOnline));
}

/** The number of threads that somebody stated in `OMP_NUM_THREADS`; of a list, that of its outermost level, as OpenMP reads it. */
export function statedNumThreads(
  variables: Readonly<Record<string, string | undefined>> = process.env,
): number | undefined {
  const stated = Number.parseInt(variables.OMP_NUM_THREADS ?? '', 10);
  return stated >= 1 ? stated : undefined;
}

/**
 * How many threads to compute with: one for each processor, and no more than a quota gives time for. A last thread that has
 * time for a part only is worth having: under a quota of 1.5 processors two threads took 0.87 of the time of one for a question,
 * and answered 1.28 times as many (docs/benchmarks.md).
 */
export function numComputeThreads(
  numProcessors = numUsableProcessors(),
  quota: Pick<ProcessorQuota, 'processors'> | null = processorQuota() ?? null,
): number {
  return Math.max(1, Math.min(numProcessors, Math.ceil(quota?.processors ?? numProcessors)));
}
