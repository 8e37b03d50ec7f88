/** @file Whether weights fit in float16, asked before any is written. */

import { LxmertError } from '../common/errors.js';
import { FLOAT16_MAX } from '../formats/float16.js';
import { noGrad, scope, type Tensor } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';

/**
 * @param file where the weights are from, for the message
 * @throws LxmertError that names a weight beyond float16
 */
export function requireHalf(file: string, weights: Iterable<readonly [string, Tensor]>): void {
  for (const [name, weight] of weights) {
    if (weight.numel === 0) continue;
    const largest = noGrad(() => scope(() => ops.max(ops.abs(weight)).item()));
    if (largest <= FLOAT16_MAX) continue;
    throw new LxmertError(
      `${file}: the weight ${name} has values beyond ${FLOAT16_MAX}, the largest of float16. Export it with --precision float32.`,
    );
  }
}
