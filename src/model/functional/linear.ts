/** @file The arithmetic of a dense layer, and of one with GELU behind it. */

import type { Tensor } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';
import { type DenseWeight, plainWeight } from '../leaf.js';
import { canFuse } from './mode.js';

/** Rows of a weight that holds several layers one below the other, such as query, key and value. */
export interface RowRange {
  readonly first: number;
  readonly count: number;
}

/** What stands behind a dense layer; the rest of the layer's arithmetic takes it along. */
type Activation = keyof typeof ops.ACTIVATIONS;

/** x W^T + bias: x (rows, in), weight (out, in) -> (rows, out). */
export function linear(x: Tensor, weight: DenseWeight, bias: Tensor, range?: RowRange): Tensor {
  if (weight.packed !== undefined && canFuse(x)) return packedLinear(x, weight.packed, bias, 'none', range);
  return canFuse(x)
    ? ops.packedLinear(x, weight.tensor, bias, range?.first ?? 0, range?.count)
    : plainLinear(x, weight, bias, range);
}

function packedLinear(
  x: Tensor,
  packed: readonly Tensor[],
  bias: Tensor,
  activation: Activation,
  range?: RowRange,
): Tensor {
  const { first, count } = range ?? { first: 0, count: bias.shape[0] ?? 0 };
  const part = range === undefined ? bias : ops.narrow(bias, 0, first, count);
  return ops.packedWeightLinear(x, packed, part, ops.ACTIVATIONS[activation], first, count);
}

function plainLinear(x: Tensor, weight: DenseWeight, bias: Tensor, range?: RowRange): Tensor {
  const part = (parameter: Tensor): Tensor =>
    range === undefined ? parameter : ops.narrow(parameter, 0, range.first, range.count);
  return ops.linear(x, ops.to(part(plainWeight(weight)), x.dtype), ops.to(part(bias), x.dtype));
}

/** GELU(x W^T + bias), by erf: x (rows, in), weight (out, in) -> (rows, out). */
export function linearGelu(x: Tensor, weight: DenseWeight, bias: Tensor): Tensor {
  if (weight.packed !== undefined && canFuse(x)) return packedLinear(x, weight.packed, bias, 'gelu');
  return canFuse(x) ? ops.packedLinearGelu(x, weight.tensor, bias) : ops.gelu(plainLinear(x, weight, bias));
}
