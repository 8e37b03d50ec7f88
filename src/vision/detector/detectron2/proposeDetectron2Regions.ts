/** @file From the region proposal network's outputs to proposals, by Detectron2's rules (both PyTorch ports'). */

import type { AnchorSettings } from '../architecture.js';
import { brokenScore, PROPOSAL_SETTINGS, type RpnOutput, type ScaledSize } from '../proposals.js';
import { takeRows } from '../rows.js';
import type { Suppression } from '../suppression.js';
import { clipDetectron2Boxes, detectron2Anchors, moveDetectron2Box } from './detectron2Boxes.js';

const NO_WEIGHTS = [1, 1, 1, 1] as const;

/**
 * The proposals (n, 4) in pixels of the scaled image, best first. Unlike the original's: the logit itself orders them;
 * the best `maxBefore` are taken before boxes without a side go; suppression needs an overlap above the threshold.
 *
 * @throws LxmertError when a score is not a number: the weights are broken
 */
export function proposeDetectron2Regions(
  { height, width, scores, deltas }: RpnOutput,
  image: ScaledSize,
  anchors: AnchorSettings,
  suppression: Suppression,
): Float32Array {
  const { maxBefore } = PROPOSAL_SETTINGS;
  const base = detectron2Anchors(anchors);
  const numAnchors = base.length / 4;
  const numCells = height * width;
  const logits = objectLogits(scores, numCells, numAnchors);
  const best = Array.from(logits.keys())
    .sort((a, b) => (logits[b] as number) - (logits[a] as number) || a - b)
    .slice(0, maxBefore);
  const boxes = new Float32Array(best.length * 4);
  const delta = new Float32Array(4);
  best.forEach((number, i) => {
    const [cell, anchor] = [Math.floor(number / numAnchors), number % numAnchors];
    const [x, y] = [(cell % width) * anchors.stride, Math.floor(cell / width) * anchors.stride];
    const box = base.subarray(4 * anchor, 4 * anchor + 4).map((value, k) => value + (k % 2 === 0 ? x : y));
    for (let k = 0; k < 4; k++) delta[k] = deltas[(4 * anchor + k) * numCells + cell] as number;
    boxes.set(moveDetectron2Box(box, delta, 0, NO_WEIGHTS), 4 * i);
  });
  clipDetectron2Boxes(boxes, image.height, image.width);
  return survivingDetectron2Boxes(boxes, takeRows(logits, 1, best), suppression);
}

/** Of boxes (n, 4), best first, with their logits: those that have a side and that suppression leaves. */
export function survivingDetectron2Boxes(
  boxes: Float32Array,
  logits: Float32Array,
  suppression: Suppression,
): Float32Array {
  const { maxAfter, overlap } = PROPOSAL_SETTINGS;
  const sound = Array.from(logits.keys()).filter((i) => hasArea(boxes, 4 * i));
  const kept = takeRows(boxes, 4, sound);
  const keptLogits = takeRows(logits, 1, sound);
  const settings = { overlap, suppressEqual: false, bothEnds: false, maxKept: maxAfter };
  return takeRows(kept, 4, suppression.suppressed(kept, keptLogits, settings));
}

function hasArea(boxes: Float32Array, at: number): boolean {
  return (
    (boxes[at + 2] as number) > (boxes[at] as number) && (boxes[at + 3] as number) > (boxes[at + 1] as number)
  );
}

/** (2A, cells), background's then objects', of which the former is 0 in the ports -> (cells, A) */
function objectLogits(scores: Float32Array, numCells: number, numAnchors: number): Float32Array {
  const logits = new Float32Array(numCells * numAnchors);
  for (let anchor = 0; anchor < numAnchors; anchor++) {
    for (let cell = 0; cell < numCells; cell++) {
      const logit = scores[(numAnchors + anchor) * numCells + cell] as number;
      if (Number.isNaN(logit)) throw brokenScore();
      logits[cell * numAnchors + anchor] = logit;
    }
  }
  return logits;
}
