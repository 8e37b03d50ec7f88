/** @file A device's own limit: its rate of matrix products, by bench/reference/matrix_rate.py's rule. */

import { medianOf } from '../../src/bench/measure.js';
import { type Device, type DType, scope } from '../../src/torch/index.js';
import * as ops from '../../src/torch/operators/index.js';
import { synchronize } from './synchronize.js';

const SIDE = { gpu: 8192, processor: 1024 } as const;
const REPETITIONS = 20;
const WARM_UP = 5;

/** Operations per second of square products of random numbers, the median of several. */
export function deviceMatrixRate(device: Device, dtype: DType): number {
  const side = device === 'cpu' ? SIDE.processor : SIDE.gpu;
  return scope(() => {
    const random = () => ops.toDeviceOf(ops.to(ops.randn([side, side]), dtype), device);
    const [a, b] = [random(), random()];
    const seconds: number[] = [];
    for (let i = 0; i < WARM_UP + REPETITIONS; i++) {
      synchronize(device);
      const start = performance.now();
      scope(() => void ops.mm(a, b));
      synchronize(device);
      if (i >= WARM_UP) seconds.push((performance.now() - start) / 1000);
    }
    return (2 * side ** 3) / medianOf(seconds);
  });
}
