/**
 * @file Proposals of pictures on a GPU. The arithmetic on boxes is the processor's, step by step in float32, so the same
 * numbers give the same proposals; only the suppression, which goes from box to box, is the processor's own.
 */

import { type Device, fromTypedArray, LateNumbers, place, scope, type Tensor } from '../../../torch/index.js';
import * as ops from '../../../torch/operators/index.js';
import { anchorGrid } from '../anchorGrid.js';
import type { AnchorSettings } from '../architecture.js';
import { caffeAnchors } from '../caffe/caffeAnchors.js';
import { survivingCaffeBoxes } from '../caffe/proposeCaffeRegions.js';
import { detectron2Anchors, MAX_LOG_FACTOR } from '../detectron2/detectron2Boxes.js';
import { survivingDetectron2Boxes } from '../detectron2/proposeDetectron2Regions.js';
import { nativeSuppression } from '../nativeSuppression.js';
import type { DetectorProfile } from '../profiles.js';
import { brokenScore, PROPOSAL_SETTINGS, type ScaledSize } from '../proposals.js';

/** What the proposal network says of N pictures of one size, A anchors a cell, in float32 on the GPU. */
export interface RpnMaps {
  /** Logits (N, 2A, height, width): A of "background", then A of "object". */
  readonly scores: Tensor;
  /** (N, 4A, height, width): dx, dy, dw, dh of anchor 0, of anchor 1, ... */
  readonly deltas: Tensor;
}

/** The K best anchors of each picture, best first, the earlier one first among equals. */
interface Candidates {
  /** (N, K, 4) in pixels of the scaled picture */
  readonly boxes: Tensor;
  /** (N, K); below 0 where the box is too small */
  readonly scores: Tensor;
}

/** Stands for the score of a box that is too small: below every probability. */
const TOO_SMALL = -1;

/**
 * Each picture's proposals (n, 4) in pixels of the scaled picture, best first; one copy to the processor for all pictures.
 *
 * @throws LxmertError when a score is not a number: the weights are broken
 */
export function proposeOnGpu(
  maps: RpnMaps,
  images: readonly ScaledSize[],
  anchors: AnchorSettings,
  rules: DetectorProfile['rules'],
): Float32Array[] {
  return scope(() => {
    const { boxes, scores } = (rules === 'caffe' ? caffeCandidates : detectron2Candidates)(
      maps,
      images,
      anchors,
    );
    const [numImages = 0, numBest = 0] = scores.shape;
    const numbers = new LateNumbers(ops.cat([ops.flatten(boxes), ops.flatten(scores)])).read();
    const firstScore = numImages * numBest * 4;
    return images.map((_, i) => {
      const all = numbers.subarray(firstScore + i * numBest, firstScore + (i + 1) * numBest);
      // NaN counts as the largest of all.
      if (Number.isNaN(all[0])) throw brokenScore();
      const numSmall = rules === 'caffe' ? all.length - countLargeEnough(all) : 0;
      const kept = all.subarray(0, all.length - numSmall);
      const own = numbers.subarray(i * numBest * 4, (i * numBest + kept.length) * 4);
      return rules === 'caffe'
        ? survivingCaffeBoxes(own, kept, nativeSuppression)
        : survivingDetectron2Boxes(own, kept, nativeSuppression);
    });
  });
}

function countLargeEnough(scores: Float32Array): number {
  const first = scores.indexOf(TOO_SMALL);
  return first < 0 ? scores.length : first;
}

/** By the original's rule: boxes that are too small go before the best are taken. */
function caffeCandidates(
  { scores, deltas }: RpnMaps,
  images: readonly ScaledSize[],
  anchors: AnchorSettings,
): Candidates {
  const [, , height = 0, width = 0] = scores.shape;
  const device = scores.device as Device;
  const grid = onPlace(anchorGrid(caffeAnchors(anchors), anchors.stride, height, width), [1, -1, 4], device);
  const [first] = images as [ScaledSize];
  const last = onPlace(Float32Array.of(first.width - 1, first.height - 1), [2], device);
  const corners = moveAnchors(grid, cellMajor(deltas, 4), { ends: 1, maxLogFactor: null });
  const low = clipped(corners.low, last);
  const high = clipped(corners.high, last); // (N, M, 2)
  // One limit a picture: pictures of other sizes may have been scaled to the same one.
  const { minSide, maxBefore } = PROPOSAL_SETTINGS;
  const limits = Float64Array.from(images, ({ scale }) => minSide * Math.fround(scale));
  const sides = ops.to(ops.add(ops.sub(high, low), 1), 'float64');
  const areLarge = ops.ge(sides, onPlace(limits, [images.length, 1, 1], device));
  const isLarge = ops.logicalAnd(ops.select(areLarge, 2, 0), ops.select(areLarge, 2, 1)); // (N, M)
  const probabilities = objectProbabilities(scores);
  // A score that is no number is to be seen whatever its box.
  const isSmall = ops.logicalAnd(ops.logicalNot(isLarge), ops.logicalNot(ops.isnan(probabilities)));
  const [sorted, order] = ops.sort(ops.maskedFill(probabilities, isSmall, TOO_SMALL), true, 1, true);
  const numBest = Math.min(maxBefore, sorted.shape[1] as number);
  const best = ops.narrow(order, 1, 0, numBest);
  return {
    boxes: rowsAt(ops.cat([low, high], 2), best),
    scores: ops.narrow(sorted, 1, 0, numBest),
  };
}

/** By Detectron2's rule: the best logits are taken first, and sides are limited. */
function detectron2Candidates(
  { scores, deltas }: RpnMaps,
  images: readonly ScaledSize[],
  anchors: AnchorSettings,
): Candidates {
  const [numImages = 0, , height = 0, width = 0] = scores.shape;
  const device = scores.device as Device;
  const [, logits] = logitsOf(scores);
  const [sorted, order] = ops.sort(logits, true, 1, true);
  const numAll = sorted.shape[1] as number;
  const numBest = Math.min(PROPOSAL_SETTINGS.maxBefore, numAll);
  const best = ops.narrow(order, 1, 0, numBest);
  const grid = onPlace(
    anchorGrid(detectron2Anchors(anchors), anchors.stride, height, width),
    [1, numAll, 4],
    device,
  );
  const corners = moveAnchors(
    rowsAt(ops.expand(grid, [numImages, numAll, 4]), best),
    rowsAt(cellMajor(deltas, 4), best),
    { ends: 0, maxLogFactor: MAX_LOG_FACTOR },
  );
  const [first] = images as [ScaledSize];
  const size = onPlace(Float32Array.of(first.width, first.height), [2], device);
  return {
    boxes: ops.cat([clipped(corners.low, size), clipped(corners.high, size)], 2),
    scores: ops.narrow(sorted, 1, 0, numBest),
  };
}

/**
 * `decodeBoxes` and `moveDetectron2Box` on a GPU. Every operator rounds once, and exp is float64's, as JavaScript's is: the
 * float32 functions of processor and GPU differ in their last bit.
 *
 * @param anchors (1 or N, M, 4)
 * @param deltas (N, M, 4)
 * @returns corners, (N, M, 2) each
 */
function moveAnchors(
  anchors: Tensor,
  deltas: Tensor,
  { ends, maxLogFactor }: { readonly ends: number; readonly maxLogFactor: number | null },
): { low: Tensor; high: Tensor } {
  const low = ops.narrow(anchors, 2, 0, 2);
  const side = ops.add(ops.sub(ops.narrow(anchors, 2, 2, 2), low), ends);
  const centre = ops.add(low, ops.mul(side, 0.5));
  const newCentre = ops.add(ops.mul(ops.narrow(deltas, 2, 0, 2), side), centre);
  const stretch = ops.narrow(deltas, 2, 2, 2);
  const factor = exactExp(maxLogFactor === null ? stretch : ops.clamp(stretch, null, maxLogFactor));
  const half = ops.mul(ops.mul(factor, side), 0.5);
  return { low: ops.sub(newCentre, half), high: ops.add(newCentre, half) };
}

/** Into 0 .. `last`, (2) for x and y. */
function clipped(corners: Tensor, last: Tensor): Tensor {
  return ops.clamp(ops.minimum(corners, last), 0, null);
}

/** exp of float32, rounded to float32. */
function exactExp(x: Tensor): Tensor {
  return ops.to(ops.exp(ops.to(x, 'float64')), 'float32');
}

/** Softmax over the two logits of each anchor, the share of "object": (N, M). */
function objectProbabilities(scores: Tensor): Tensor {
  const [background, object] = logitsOf(scores);
  const largest = ops.maximum(background, object);
  const share = exactExp(ops.sub(object, largest));
  return ops.div(share, ops.add(share, exactExp(ops.sub(background, largest))));
}

/** (N, 2A, height, width) -> "background" and "object", (N, M) each */
function logitsOf(scores: Tensor): [Tensor, Tensor] {
  const [numImages = 0, numChannels = 0] = scores.shape;
  const numAnchors = numChannels / 2;
  const cells = ops.permute(scores, [0, 2, 3, 1]); // (N, height, width, 2A)
  const half = (i: number): Tensor =>
    ops.reshape(ops.narrow(cells, 3, i * numAnchors, numAnchors), [numImages, -1]);
  return [half(0), half(1)];
}

/** (N, A x size, height, width) -> (N, M, size), M = height x width x A */
function cellMajor(maps: Tensor, size: number): Tensor {
  return ops.reshape(ops.permute(maps, [0, 2, 3, 1]), [maps.shape[0] as number, -1, size]);
}

/** Rows of (N, M, 4) by an index (N, K) -> (N, K, 4) */
function rowsAt(rows: Tensor, index: Tensor): Tensor {
  return ops.gather(rows, 1, ops.expand(ops.unsqueeze(index, 2), [-1, -1, 4]));
}

function onPlace(values: Float32Array | Float64Array, shape: readonly number[], device: Device): Tensor {
  return place(ops.view(fromTypedArray(values), shape), device);
}
