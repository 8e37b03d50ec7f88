/** @file Tensors as the parameters of a model. */

import type { Tensor } from '../../src/torch/index.js';
import { FlatParameters } from '../../src/train/optimizers/flatParameters.js';

/** Tensors as the leaves of a model, moved into flat buffers. */
export function flatOf(tensors: Readonly<Record<string, Tensor>>): FlatParameters {
  const leaves = Object.entries(tensors).map(([name, leaf]) => {
    leaf.requiresGrad = true;
    return [name, { tensor: leaf, isDense: false, parts: [{ name, numRows: leaf.shape[0] ?? 1 }] }] as const;
  });
  return new FlatParameters(new Map(leaves));
}
