/** @file Dropout that is not there unless a model trains. */

import type { Tensor } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';

/** Zeroes values with probability `p` and scales the rest by 1 / (1 - p), in training only. */
export function dropout(x: Tensor, p: number, training: boolean): Tensor {
  return training && p > 0 ? ops.dropout(x, p, true) : x;
}
