/**
 * @file This project's own operators for region detection (native/operators/regions.cc), on the CPU. Boxes are
 * contiguous float32 (n, 4): x1, y1, x2, y2. Both ends are included, so a side is x2 - x1 + 1 long, unless it is said.
 */

import type { Tensor } from '../tensor.js';
import { operator } from './operator.js';

/**
 * Greedy non-maximum suppression: the int64 indices of the boxes that stay, best score first (the lower index first
 * among equals), at most `maxKept`. A box goes when its overlap (intersection over union) with a better one that
 * stays is above `threshold`, or, with `suppressEqual`, at it. Without `bothEnds` a side is x2 - x1 long.
 */
export const nonMaximumSuppression = operator<
  (
    boxes: Tensor,
    scores: Tensor,
    threshold: number,
    suppressEqual: boolean,
    bothEnds: boolean,
    maxKept: number,
  ) => Tensor
>('lxmert::non_maximum_suppression');

/**
 * Non-maximum suppression of the same boxes by each class's probabilities (n, classes) from `firstClass` on.
 *
 * @returns (n): for each box the largest of its probabilities in the classes where it stays; 0 where it never does
 */
export const survivingConfidence = operator<
  (
    boxes: Tensor,
    probabilities: Tensor,
    firstClass: number,
    threshold: number,
    suppressEqual: boolean,
  ) => Tensor
>('lxmert::surviving_confidence');

/**
 * Caffe's RoI max pooling: map (1, C, H, W) in float32 or bfloat16 and boxes (n, 4), which `scale` brings to cells of
 * the map -> (n, C, size, size), channels last in memory. A bin without cells is 0. With `step`, only every step-th bin of
 * both sides, from `firstRow` and `firstColumn` on.
 */
export const roiMaxPool =
  operator<
    (
      map: Tensor,
      boxes: Tensor,
      scale: number,
      size: number,
      step?: number,
      firstRow?: number,
      firstColumn?: number,
    ) => Tensor
  >('lxmert::roi_max_pool');
