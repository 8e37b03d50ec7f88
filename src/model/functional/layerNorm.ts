/** @file The arithmetic of layer normalisation, alone and at the end of a sublayer. */

import type { Tensor } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';
import type { DenseWeight } from '../leaf.js';
import { dropout } from './dropout.js';
import { linear } from './linear.js';
import { canFuse } from './mode.js';

/** The parameters of a layer normalisation over rows of `size` values. */
export interface NormParameters {
  readonly weight: Tensor;
  readonly bias: Tensor;
  readonly size: number;
  readonly eps: number;
}

/** (rows, size) -> (rows, size) */
export function layerNorm(x: Tensor, norm: NormParameters): Tensor {
  return canFuse(x) ? ops.packedLayerNorm(x, norm.weight, norm.bias, norm.eps) : plainLayerNorm(x, norm);
}

/** In float32 whatever the rows' format, as autocast does. */
function plainLayerNorm(x: Tensor, { weight, bias, size, eps }: NormParameters): Tensor {
  return ops.to(ops.layerNorm(ops.to(x, 'float32'), [size], weight, bias, eps), x.dtype);
}

/** LayerNorm(dropout(x W^T + bias) + residual): x (rows, in), residual (rows, H) -> (rows, H) */
export function sublayerOutput(
  x: Tensor,
  dense: { readonly weight: DenseWeight; readonly bias: Tensor },
  residual: Tensor,
  norm: NormParameters,
  dropoutProbability: number,
): Tensor {
  const { weight, bias } = dense;
  if (canFuse(x) && weight.packed === undefined) {
    return ops.packedSublayerOutput(
      x,
      weight.tensor,
      bias,
      residual,
      norm.weight,
      norm.bias,
      norm.eps,
      dropoutProbability,
    );
  }
  const projected = dropout(linear(x, weight, bias), dropoutProbability, true);
  return layerNorm(ops.add(projected, residual), norm);
}
