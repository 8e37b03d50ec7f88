/** @file The gradients' global norm, and what bounds it. */

import { type Device, noGrad, scope, type Tensor } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';
import type { FlatGroup, FlatParameters } from './flatParameters.js';
import { rangesOf } from './flatRanges.js';

export interface ClippedGradients {
  /** The joint Euclidean norm of all gradients before clipping. */
  readonly norm: number;
  /** What to multiply each gradient by: maxNorm / (norm + 1e-6) where that is below 1, as PyTorch's clip_grad_norm_. */
  readonly scale: number;
}

/**
 * The factor that brings the gradients' norm to at most `maxNorm`
 * (docs/how-it-works/reference-implementation.md, "Clipping"). The optimizer applies it in its own pass.
 */
export function clipGradients(flat: FlatParameters, maxNorm: number): ClippedGradients {
  let sum = 0;
  for (const group of flat.groups) sum += sumOfSquares(group, flat);
  const norm = Math.sqrt(sum);
  return { norm, scale: Math.min(1, maxNorm / (norm + 1e-6)) };
}

/** () float32: the norm of all gradients, where they lie; nothing waits for it. */
export function gpuGradientNorm(flat: FlatParameters): Tensor {
  return scope(() =>
    noGrad(() => {
      const norms = flat.groups.flatMap((group) =>
        rangesOf(flat.withGradient(group), () => 0).map(({ offset, length }) =>
          ops.vectorNorm(ops.narrow(group.gradients, 0, offset, length), 'float32'),
        ),
      );
      const device: Device = flat.device;
      return norms.length === 0 ? ops.zeros([], { device }) : ops.vectorNorm(ops.stack(norms), 'float32');
    }),
  );
}

/** What lies between parameters in the buffer is zero; parameters without a gradient are left out. */
function sumOfSquares(group: FlatGroup, flat: FlatParameters): number {
  let sum = 0;
  for (const { offset, length } of rangesOf(flat.withGradient(group), () => 0)) {
    sum += scope(() => noGrad(() => ops.sumOfSquares(ops.narrow(group.gradients, 0, offset, length))));
  }
  return sum;
}
