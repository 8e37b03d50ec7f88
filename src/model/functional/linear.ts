/** @file The arithmetic of a dense layer, and of one with GELU behind it. */

import type { Tensor } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';
import { canFuse } from './mode.js';

/** Rows of a weight that holds several layers one below the other, such as query, key and value. */
export interface RowRange {
  readonly first: number;
  readonly count: number;
}

/** x W^T + bias: x (rows, in), weight (out, in) -> (rows, out). */
export function linear(x: Tensor, weight: Tensor, bias: Tensor, range?: RowRange): Tensor {
  return canFuse(x)
    ? ops.packedLinear(x, weight, bias, range?.first ?? 0, range?.count)
    : plainLinear(x, weight, bias, range);
}

function plainLinear(x: Tensor, weight: Tensor, bias: Tensor, range?: RowRange): Tensor {
  const part = (parameter: Tensor): Tensor =>
    range === undefined ? parameter : ops.narrow(parameter, 0, range.first, range.count);
  return ops.linear(x, ops.to(part(weight), x.dtype), ops.to(part(bias), x.dtype));
}

/** GELU(x W^T + bias), by erf: x (rows, in), weight (out, in) -> (rows, out). */
export function linearGelu(x: Tensor, weight: Tensor, bias: Tensor): Tensor {
  return canFuse(x) ? ops.packedLinearGelu(x, weight, bias) : ops.gelu(plainLinear(x, weight, bias));
}
