/** @file Non-maximum suppression of one set of boxes. */

import { fromTypedArray, scope } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';

/** Numbers of the boxes (n, 4) that non-maximum suppression by their scores leaves, best first. */
export function suppressed(
  boxes: Float32Array,
  scores: Float32Array,
  rule: { overlap: number; suppressEqual: boolean; bothEnds: boolean; maxKept: number },
): number[] {
  if (scores.length === 0) return [];
  return scope(() => {
    const kept = ops.nonMaximumSuppression(
      fromTypedArray(boxes, [scores.length, 4]),
      fromTypedArray(scores, [scores.length]),
      rule.overlap,
      rule.suppressEqual,
      rule.bothEnds,
      rule.maxKept,
    );
    return Array.from(kept.data() as BigInt64Array, Number);
  });
}
