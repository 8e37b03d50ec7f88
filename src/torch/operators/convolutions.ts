/**
 * @file This project's own convolutions (native/operators/convolution.cc), on the CPU in float32, for networks that only
 * answer: maps (N, C, H, W) lie with channels last in memory, weights are packed for this processor's kernels.
 */

import type { Tensor } from '../tensor.js';
import { operator } from './operator.js';

/** A weight (out, in, 1, 1) or (out, in, 3, 3) as these operators take it; not for files, as `packWeight`. */
export const packConvolution = operator<(weight: Tensor) => Tensor[]>('lxmert::pack_convolution');

/** max(0, x * W + bias) with a packed 3x3 weight and a border of zeros, by Winograd's tiles of 4 and 3 places a side. */
export const winogradRelu =
  operator<(x: Tensor, packed: readonly Tensor[], bias: Tensor) => Tensor>('lxmert::winograd_relu');

/**
 * A residual block: 1x1, 3x3 and 1x1 convolutions with a ReLU behind each, the last one's behind the sum with x, or with a
 * 1x1 convolution of it where `project` is not empty. With a stride every stride-th place of x is taken first.
 *
 * @param placesAtOnce about so many places of whole maps go through the block together
 */
export const packedResidualBlock =
  operator<
    (
      x: Tensor,
      reduce: readonly Tensor[],
      reduceBias: Tensor,
      spread: readonly Tensor[],
      spreadBias: Tensor,
      restore: readonly Tensor[],
      restoreBias: Tensor,
      project: readonly Tensor[],
      projectBias: Tensor | null,
      stride: number,
      placesAtOnce: number,
    ) => Tensor
  >('lxmert::residual_block');
