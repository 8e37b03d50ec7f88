/** @file Repeating a piece of work and keeping the least and the middle time. */

import { setImmediate } from 'node:timers/promises';

export interface Timing {
  readonly repetitions: number;
  readonly minSeconds: number;
  readonly medianSeconds: number;
}

export interface MeasureOptions {
  readonly repetitions: number;
  /** Runs before that, not counted: memory is claimed and kernels are chosen in them. */
  readonly warmUp: number;
  readonly signal?: AbortSignal | undefined;
  /** Told after each repetition, those that warm up included: on a busy machine one may take seconds. */
  readonly onRepetition?: ((done: number, total: number) => void) | undefined;
}

export async function measure(work: () => void | Promise<void>, options: MeasureOptions): Promise<Timing> {
  const { repetitions, warmUp, signal, onRepetition } = options;
  const seconds: number[] = [];
  for (let i = 0; i < warmUp + repetitions; i++) {
    signal?.throwIfAborted();
    const start = performance.now();
    await work();
    if (i >= warmUp) seconds.push((performance.now() - start) / 1000);
    onRepetition?.(i + 1, warmUp + repetitions);
    await setImmediate();
  }
  return { repetitions, minSeconds: Math.min(...seconds), medianSeconds: medianOf(seconds) };
}

export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? 0)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

/** The least value that such a share of all does not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
