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
  /** Packed weights of convolutions by their layers' names; none where all are plain. */
  readonly packed: ReadonlyMap<string, readonly Tensor[]>;
  readonly observe: Observe | undefined;
}

/** About so many places go through a block together: what is between its convolutions stays in the caches. */
const PLACES_AT_ONCE = 3200;

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
    const name = `${stage.name}${block}`;
    const run = context.packed.has(`${name}_branch2b`) ? packedBlock : residualBlock;
    const y = run(context, stage, name, x, i === 0);
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

/** The same by this project's own convolutions. */
function packedBlock(
  context: LayerContext,
  { stride }: StageArchitecture,
  name: string,
  x: Tensor,
  isFirst: boolean,
): Tensor {
  const [project, projectBias] = isFirst ? packedConvolution(context, `${name}_branch1`) : [[], null];
  return ops.packedResidualBlock(
    x,
    ...packedBranches(context, name),
    project,
    projectBias,
    isFirst ? stride : 1,
    PLACES_AT_ONCE,
  );
}

/** The convolutions of a block beside its shortcut, weights and biases in turn. */
function packedBranches(context: LayerContext, name: string) {
  return [
    ...packedConvolution(context, `${name}_branch2a`),
    ...packedConvolution(context, `${name}_branch2b`),
    ...packedConvolution(context, `${name}_branch2c`),
  ] as const;
}

function packedConvolution({ weightOf, packed }: LayerContext, layer: string) {
  return [packed.get(layer) as readonly Tensor[], weightOf(`${layer}.bias`)] as const;
}

/**
 * The stage on maps whose places are rows (B, C), and which of them each is, int64 (N, H, W). For packed stages without a
 * stride.
 */
export function gatheredStage(
  context: LayerContext,
  stage: StageArchitecture,
  rows: Tensor,
  index: Tensor,
): Tensor {
  const [first = '', ...others] = stage.blocks.map((block) => `${stage.name}${block}`);
  let x = ops.gatheredResidualBlock(
    rows,
    index,
    ...packedBranches(context, first),
    ...packedConvolution(context, `${first}_branch1`),
    PLACES_AT_ONCE,
  );
  for (const name of others) {
    const y = packedBlock(context, stage, name, x, false);
    x.dispose();
    x = y;
  }
  return x;
}

/** A 3x3 convolution with a border of zeros and a ReLU behind it. */
export function convolution3x3(context: LayerContext, name: string, x: Tensor): Tensor {
  const packed = context.packed.get(name);
  return packed === undefined
    ? convolution(context, name, x, { padding: 1, relu: true })
    : ops.winogradRelu(x, packed, context.weightOf(`${name}.bias`));
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
