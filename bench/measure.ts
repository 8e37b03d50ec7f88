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
}

export async function measure(work: () => void | Promise<void>, options: MeasureOptions): Promise<Timing> {
  const { repetitions, warmUp, signal } = options;
  const seconds: number[] = [];
  for (let i = 0; i < warmUp + repetitions; i++) {
    signal?.throwIfAborted();
    const start = performance.now();
    await work();
    if (i >= warmUp) seconds.push((performance.now() - start) / 1000);
    await setImmediate();
  }
  seconds.sort((a, b) => a - b);
  const middle = Math.floor(seconds.length / 2);
  const median =
    seconds.length % 2 === 1
      ? (seconds[middle] ?? 0)
      : ((seconds[middle - 1] ?? 0) + (seconds[middle] ?? 0)) / 2;
  return { repetitions, minSeconds: seconds[0] ?? 0, medianSeconds: median };
}
