/** @file Bounding the gradient's global norm. */

import { noGrad, scope, type Tensor } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';

/**
 * Scales all gradients so that their joint Euclidean norm is at most `maxNorm`: by maxNorm / (norm + 1e-6) where
 * that is below 1, as PyTorch's clip_grad_norm_ does.
 *
 * @returns the norm before clipping
 */
export function clipGradients(parameters: Iterable<Tensor>, maxNorm: number): number {
  return scope(() =>
    noGrad(() => {
      const gradients: Tensor[] = [];
      for (const parameter of parameters) {
        const gradient = parameter.grad;
        if (gradient !== null) gradients.push(gradient);
      }
      if (gradients.length === 0) return 0;
      const norm = ops.norm(ops.stack(ops.foreachNorm(gradients))).item();
      const factor = maxNorm / (norm + 1e-6);
      if (factor < 1) ops.foreachMul_(gradients, factor);
      return norm;
    }),
  );
}
