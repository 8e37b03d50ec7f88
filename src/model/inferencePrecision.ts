/** @file A model that only answers, in another precision and place. */

import {
  type Device,
  noGrad,
  releaseFreeMemory,
  scope,
  setParameterBuffers,
  type Tensor,
} from '../torch/index.js';
import * as ops from '../torch/operators/index.js';
import type { AnsweringPrecision } from './answeringPrecision.js';
import type { Precision } from './lxmert.js';
import type { Leaf, Module } from './module.js';

export type AnsweringModel = Module & { precision: Precision };

/**
 * Makes a model answer in a precision, on a device. In 16 bits the weights of its dense layers are replaced by rounded
 * ones, so it takes half the memory; on the processor in float32 by packed ones, in `int8` by rounded and packed ones but for
 * the heads', a quarter of the memory. It cannot be trained afterwards.
 */
export function useForInference(
  model: AnsweringModel,
  precision: AnsweringPrecision,
  device: Device = 'cpu',
): void {
  model.precision = formatOf(precision);
  model.moveTo(device);
  model.forgetViews();
  const release = device === 'cpu' ? releaser() : () => {};
  for (const leaf of model.leaves().values()) {
    prepare(leaf, precision, device);
    release(leaf);
  }
  if (device !== 'cpu') return;
  releaseFreeMemory();
  ops.settleWeights();
}

/** Of numbers between layers. */
function formatOf(precision: AnsweringPrecision): Precision {
  return precision === 'int8' ? 'float32' : precision;
}

function prepare(leaf: Leaf, precision: AnsweringPrecision, device: Device): void {
  const { tensor, isDense, isTable } = leaf;
  const rounds = precision === 'int8' && !leaf.isHead;
  noGrad(() => {
    tensor.requiresGrad = false;
    if (leaf.packed !== undefined && (leaf.packed[0]?.dtype === 'int8') !== rounds) leaf.unpack();
    if (rounds) {
      if (isDense) leaf.pack(packInt8);
      if (isTable) leaf.pack(ops.roundWeight);
      return;
    }
    const format = formatOf(precision);
    if (format !== 'float32') leaf.unpack();
    if (tensor.dtype === format) {
      if (isDense && device === 'cpu') leaf.pack(ops.packWeight);
      return;
    }
    scope(() => {
      const rounded = ops.to(tensor, format);
      if (isDense) ops.setData(tensor, rounded);
      // A GPU's kernels take one format: biases and norms as well, and what stays exact is not rounded at each use.
      else if (device !== 'cpu') setParameterBuffers(tensor, null, rounded);
    });
  });
}

function packInt8(weight: Tensor): Tensor[] {
  const [values, scales] = ops.roundWeight(weight) as [Tensor, Tensor];
  return ops.packRounded(values, scales);
}

/** So many bytes of weights are replaced before memory is given back: that takes a millisecond or two. */
const RELEASED_BYTES = 2 ** 26;

/** To be called with each leaf that was replaced: what such leave in the heap goes back to the system now and then. */
function releaser(): (leaf: Leaf) => void {
  let replaced = 0;
  return (leaf) => {
    replaced += 4 * leaf.numValues;
    if (replaced < RELEASED_BYTES) return;
    replaced = 0;
    releaseFreeMemory();
  };
}

/**
 * To be called with each parameter of a model once it is loaded, on the processor: a weight is packed as soon as all its parts
 * are there, so that the whole model is never in memory in float32. {@link useForInference} does the rest.
 */
export function packAsLoaded(model: AnsweringModel, precision: AnsweringPrecision): (name: string) => void {
  const leaves = model.leavesByParameter();
  const numMissing = new Map<Leaf, number>();
  for (const leaf of leaves.values()) numMissing.set(leaf, leaf.parts.length);
  const release = releaser();
  return (name) => {
    const leaf = leaves.get(name);
    if (leaf === undefined) return;
    const missing = (numMissing.get(leaf) ?? 0) - 1;
    numMissing.set(leaf, missing);
    if (missing > 0 || !(leaf.isDense || leaf.isTable)) return;
    model.forgetViews(leaf);
    prepare(leaf, precision, 'cpu');
    release(leaf);
  };
}
