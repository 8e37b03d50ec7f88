/** @file A model that only answers, in another precision and place. */

import { type Device, noGrad, releaseFreeMemory, scope, setParameterBuffers } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';
import type { Precision } from './lxmert.js';
import type { Module } from './module.js';

/**
 * Makes a model answer in a precision, on a device. In 16 bits the weights of its dense layers are replaced by rounded
 * ones, so it takes half the memory; in float32 on the processor they are replaced by packed ones. It cannot be trained afterwards.
 */
export function useForInference(
  model: Module & { precision: Precision },
  precision: Precision,
  device: Device = 'cpu',
): void {
  model.precision = precision;
  model.moveTo(device);
  noGrad(() => {
    for (const leaf of model.leaves().values()) {
      const { tensor, isDense } = leaf;
      if (precision !== 'float32') leaf.unpack();
      tensor.requiresGrad = false;
      if (tensor.dtype === precision) {
        if (isDense && device === 'cpu') leaf.pack(ops.packWeight);
        continue;
      }
      scope(() => {
        const rounded = ops.to(tensor, precision);
        if (isDense) ops.setData(tensor, rounded);
        // A GPU's kernels take one format: biases and norms as well, and what stays exact is not rounded at each use.
        else if (device !== 'cpu') setParameterBuffers(tensor, null, rounded);
      });
    }
  });
  model.forgetViews();
  // Each weight was replaced by another: what they left in the heap goes back to the system.
  if (device === 'cpu') releaseFreeMemory();
}
