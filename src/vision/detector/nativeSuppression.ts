/** @file Non-maximum suppression by this project's own operators, for the detector on libtorch. */

import { fromTypedArray, scope } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';
import type { Suppression } from './suppression.js';

export const nativeSuppression: Suppression = {
  suppressed(boxes, scores, { overlap, suppressEqual, bothEnds, maxKept }) {
    const count = scores.length;
    if (count === 0) return [];
    return scope(() => {
      const kept = ops.nonMaximumSuppression(
        fromTypedArray(boxes, [count, 4]),
        fromTypedArray(scores, [count]),
        overlap,
        suppressEqual,
        bothEnds,
        maxKept,
      );
      return Array.from(kept.data() as BigInt64Array, Number);
    });
  },

  survivingConfidence(boxes, probabilities, overlap) {
    const count = boxes.length / 4;
    if (count === 0) return new Float32Array(0);
    return scope(() =>
      ops
        .survivingConfidence(
          fromTypedArray(boxes, [count, 4]),
          fromTypedArray(probabilities, [count, probabilities.length / count]),
          1,
          overlap,
          true,
        )
        .toFloat32Array(),
    );
  },
};
