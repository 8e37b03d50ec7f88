/** @file The machine's own limits, measured in the same run as the work. */

import type { Precision } from '../model/index.js';
import { measureGemmRate, scope } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';

/** Best operations per second of a plain matrix product over about a second. */
export function gemmRate(precision: Precision): number {
  return measureGemmRate(precision, 1);
}

const COPY_VALUES = 64 * 1024 * 1024;
const COPY_REPETITIONS = 5;

/** Best bytes per second of a plain copy of 256 MB, counting what is read and what is written. */
export function copyRate(): number {
  return scope(() => {
    const source = ops.zeros([COPY_VALUES]);
    const target = ops.zeros([COPY_VALUES]);
    return (2 * 4 * COPY_VALUES) / bestSeconds(() => void ops.copy_(target, source));
  });
}

/** Best bytes per second of reading 256 MB, as a sum does. */
export function readRate(): number {
  return scope(() => {
    // Written to: pages that never were are all one.
    const source = ops.ones([COPY_VALUES]);
    return (4 * COPY_VALUES) / bestSeconds(() => ops.sum(source).dispose());
  });
}

function bestSeconds(work: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < COPY_REPETITIONS; i++) {
    const start = performance.now();
    work();
    best = Math.min(best, (performance.now() - start) / 1000);
  }
  return best;
}
