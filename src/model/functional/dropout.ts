/** @file Dropout that is not there unless a model trains. */

import type { Tensor } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';

/**
 * Zeroes values of rows (rows, size) with probability `p` and scales the rest by 1 / (1 - p), in training only. What
 * is kept depends on the generator's state and, on the processor, on each value's place, not on threads.
 */
export function dropout(x: Tensor, p: number, training: boolean): Tensor {
  if (!training || p === 0) return x;
  if (x.device !== 'cpu') return ops.dropout(x, p, true);
  const [rows = 0, size = 0] = x.shape;
  return ops.mul(x, ops.to(ops.dropoutFactors(rows, size, p), x.dtype));
}
