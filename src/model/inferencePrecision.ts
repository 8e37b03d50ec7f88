/** @file A model that only answers, in another precision and place. */

import { type Device, noGrad, scope, setParameterBuffers } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';
import type { Precision } from './lxmert.js';
import type { Module } from './module.js';

/**
 * Makes a model answer in a precision, on a device. In 16 bits the weights of its dense layers are replaced by rounded
 * ones, so it takes half the memory; it cannot be trained afterwards.
 */
export function useForInference(
  model: Module & { precision: Precision },
  precision: Precision,
  device: Device = 'cpu',
): void {
  model.precision = precision;
  model.moveTo(device);
  noGrad(() => {
    for (const { tensor, isDense } of model.leaves().values()) {
      tensor.requiresGrad = false;
      if (tensor.dtype === precision) continue;
      scope(() => {
        const rounded = ops.to(tensor, precision);
        if (isDense) ops.setData(tensor, rounded);
        // A GPU's kernels take one format: biases and norms as well, and what stays exact is not rounded at each use.
        else if (device !== 'cpu') setParameterBuffers(tensor, null, rounded);
      });
    }
  });
  model.forgetViews();
}
