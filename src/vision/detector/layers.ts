/** @file The network's layers: convolutions on folded weights, residual stages, dense layers. */

import type { Tensor } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';
import type { StageArchitecture } from './architecture.js';

/** A layer's weight or bias by its full name. */
export type WeightOf = (name: string) => Tensor;

/** Sees the output of each layer under Caffe's name, after the ReLU that Caffe runs in place. */
export type Observe = (layer: string, output: Tensor) => void;

/** Weights, and who watches. */
export interface LayerContext {
  readonly weightOf: WeightOf;
  readonly observe: Observe | undefined;
}

interface ConvolutionSettings extends ops.ConvolutionOptions {
  readonly relu?: boolean;
}

/** (N, C, H, W) -> (N, out, H', W'), with a ReLU behind it where asked. */
export function convolution(
  context: LayerContext,
  name: string,
  x: Tensor,
  { relu = false, ...options }: ConvolutionSettings = {},
): Tensor {
  const { weightOf, observe } = context;
  const y = ops.conv2d(x, weightOf(`${name}.weight`), weightOf(`${name}.bias`), options);
  if (relu) ops.relu_(y);
  observe?.(name, y);
  return y;
}

/** (N, C, H, W) -> (N, outputChannels, H', W') */
export function residualStage(context: LayerContext, stage: StageArchitecture, input: Tensor): Tensor {
  let x = input;
  stage.blocks.forEach((block, i) => {
    const y = residualBlock(context, stage, `${stage.name}${block}`, x, i === 0);
    if (x !== input) x.dispose();
    x = y;
  });
  return x;
}

/**
 * 1x1, 3x3 and 1x1 convolutions beside a shortcut. The stride is in the first 1x1 and in the projection, not in the
 * 3x3. What is no longer needed ends at once: a block of all regions would otherwise hold five maps.
 */
function residualBlock(
  context: LayerContext,
  { stride, dilation }: StageArchitecture,
  name: string,
  x: Tensor,
  isFirst: boolean,
): Tensor {
  const first = isFirst ? stride : 1;
  using reduced = convolution(context, `${name}_branch2a`, x, { stride: first, relu: true });
  using spread = convolution(context, `${name}_branch2b`, reduced, {
    padding: dilation,
    dilation,
    relu: true,
  });
  reduced.dispose();
  const sum = convolution(context, `${name}_branch2c`, spread);
  spread.dispose();
  if (isFirst) {
    using projected = convolution(context, `${name}_branch1`, x, { stride });
    ops.add_(sum, projected);
  } else {
    ops.add_(sum, x);
  }
  ops.relu_(sum);
  context.observe?.(name, sum);
  return sum;
}

/** (rows, in) -> (rows, out), with a ReLU behind it where asked. */
export function dense(
  { weightOf, observe }: LayerContext,
  name: string,
  x: Tensor,
  { relu = false }: { readonly relu?: boolean } = {},
): Tensor {
  const y = ops.linear(x, weightOf(`${name}.weight`), weightOf(`${name}.bias`));
  if (relu) ops.relu_(y);
  observe?.(name, y);
  return y;
}
