/** @file Convolution, pooling, and the order of images in memory. */

import type { Tensor } from '../tensor.js';
import { operator } from './operator.js';

type Pair = readonly [number, number];

const conv2dOperator =
  operator<
    (
      input: Tensor,
      weight: Tensor,
      bias: Tensor | null,
      stride: Pair,
      padding: Pair,
      dilation: Pair,
      groups: number,
    ) => Tensor
  >('aten::conv2d');
const maxPool2dOperator =
  operator<
    (self: Tensor, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair, ceilMode: boolean) => Tensor
  >('aten::max_pool2d');
const contiguousIn =
  operator<(self: Tensor, memoryFormat: 'channelsLast' | 'contiguous') => Tensor>('aten::contiguous');

export interface ConvolutionOptions {
  readonly stride?: number;
  readonly padding?: number;
  readonly dilation?: number;
}

/**
 * Square convolution: input (N, C, H, W), weight (out, C, k, k), bias (out) -> (N, out, H', W') with
 * H' = floor((H + 2 padding - dilation (k - 1) - 1) / stride) + 1.
 */
export function conv2d(
  input: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  { stride = 1, padding = 0, dilation = 1 }: ConvolutionOptions = {},
): Tensor {
  return conv2dOperator(input, weight, bias, [stride, stride], [padding, padding], [dilation, dilation], 1);
}

/**
 * Maximum over `kernel` x `kernel` windows without padding: (N, C, H, W) -> (N, C, H', W') with
 * H' = ceil((H - kernel) / stride) + 1; the last window is clipped to the image.
 */
export const maxPool2dCeil = (self: Tensor, kernel: number, stride: number): Tensor =>
  maxPool2dOperator(self, [kernel, kernel], [stride, stride], [0, 0], [1, 1], true);

/** The same (N, C, H, W) with the values of one pixel side by side in memory; the same memory if it is so already. */
export const channelsLast = (self: Tensor): Tensor => contiguousIn(self, 'channelsLast');

/** In place: negative values become 0. */
export const relu_ = operator<(self: Tensor) => Tensor>('aten::relu_');
