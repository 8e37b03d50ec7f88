/** @file The clipping of a step on a GPU, with its norm read. */

import * as ops from '../../src/torch/operators/index.js';
import { gpuGradientNorm } from '../../src/train/optimizers/clipGradients.js';
import type { FlatParameters } from '../../src/train/optimizers/flatParameters.js';
import type { GpuGradientScale } from '../../src/train/optimizers/optimizer.js';

/** What a step on a GPU does, with its norm read. */
export function deviceClip(
  parameters: FlatParameters,
  maxNorm: number,
): { norm: number; scale: GpuGradientScale } {
  const norm = gpuGradientNorm(parameters);
  const divisor = ops.clamp(ops.div(ops.add(norm, 1e-6), maxNorm), 1, null);
  return { norm: norm.item(), scale: { divisor, isSkipped: ops.mul(norm, 0) } };
}
