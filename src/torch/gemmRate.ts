/** @file The rate of plain matrix products: the limit that everything else is measured against. */

import type { DType } from './dtype.js';
import { fromTypedArray } from './factory.js';
import * as ops from './operators/index.js';
import { scope } from './scope.js';
import type { Tensor } from './tensor.js';

/** Rows, columns and inner size of the measured product: large enough to hide the cost of the call. */
const size = 1024;

/**
 * Multiplies two square matrices again and again and returns the best rate in floating-point operations per
 * second (a product of n by n matrices counts 2 n^3). The best, since anything else on the machine only slows.
 *
 * @param seconds How long to measure, after one product that warms up.
 */
export function measureGemmRate(dtype: DType, seconds: number): number {
  return scope(() => {
    const left = randomMatrix(dtype, 1);
    const right = randomMatrix(dtype, 2);
    const multiply = (): void => ops.matmul(left, right).dispose();
    multiply();
    let best = Number.POSITIVE_INFINITY;
    const end = performance.now() + seconds * 1000;
    do {
      const start = performance.now();
      multiply();
      best = Math.min(best, performance.now() - start);
    } while (performance.now() < end);
    return (2 * size ** 3 * 1000) / best;
  });
}

/** Values in -1 .. 1 from a recurrence, so that measuring leaves the engine's random state alone. (1024, 1024) */
function randomMatrix(dtype: DType, seed: number): Tensor {
  const values = new Float32Array(size * size);
  let state = seed;
  for (let i = 0; i < values.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    values[i] = state / 0x80000000 - 1;
  }
  return ops.to(fromTypedArray(values, [size, size]), dtype);
}
