/** @file A model that only answers, in another precision. */

import { noGrad, scope } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';
import type { Precision } from './lxmert.js';
import type { Module } from './module.js';

/**
 * Makes a model answer in a precision. In bfloat16 the weights of its dense layers are replaced by rounded ones, so it
 * takes half the memory; it cannot be trained afterwards.
 */
export function useForInference(model: Module & { precision: Precision }, precision: Precision): void {
  model.precision = precision;
  noGrad(() => {
    for (const { tensor, isDense } of model.leaves().values()) {
      tensor.requiresGrad = false;
      if (isDense && tensor.dtype !== precision) {
        scope(() => ops.setData(tensor, ops.to(tensor, precision)));
      }
    }
  });
  model.forgetViews();
}
