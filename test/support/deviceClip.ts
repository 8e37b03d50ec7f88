/** @file The clipping of a step on a GPU, with its norm read. */

import * as ops from '../../src/torch/operators/index.js';
import type { DeviceScale } from '../../src/train/bertAdamUpdate.js';
import { deviceGradientNorm } from '../../src/train/clipGradients.js';
import type { FlatParameters } from '../../src/train/flatParameters.js';

/** What a step on a GPU does, with its norm read. */
export function deviceClip(
  parameters: FlatParameters,
  maxNorm: number,
): { norm: number; scale: DeviceScale } {
  const norm = deviceGradientNorm(parameters);
  const divisor = ops.clamp(ops.div(ops.add(norm, 1e-6), maxNorm), 1, null);
  return { norm: norm.item(), scale: { divisor, isSkipped: ops.mul(norm, 0) } };
}
