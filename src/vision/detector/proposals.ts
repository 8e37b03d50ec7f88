/** @file From the region proposal network's outputs to the regions that are looked at. */

import { LxmertError } from '../../common/errors.js';
import { fromTypedArray, scope } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';
import { anchorGrid } from './anchors.js';
import type { AnchorSettings } from './architecture.js';
import { boxesOfSize, clipBoxes, decodeBoxes, takeRows } from './boxes.js';

/** What the proposal network says of every cell of its map, A anchors a cell. */
export interface RpnOutput {
  readonly height: number;
  readonly width: number;
  /** Logits (2A, height, width): A of "background", then A of "object". */
  readonly scores: Float32Array;
  /** (4A, height, width): dx, dy, dw, dh of anchor 0, of anchor 1, ... */
  readonly deltas: Float32Array;
}

/** The image that the network saw. */
export interface ScaledSize {
  readonly height: number;
  readonly width: number;
  /** Its pixels for one pixel of the original. */
  readonly scale: number;
}

export interface ProposalSettings {
  /** Shortest side of a proposal in pixels of the original image. */
  readonly minSide: number;
  /** Proposals, best first, that suppression sees. */
  readonly maxBefore: number;
  /** Proposals that stay after it. */
  readonly maxAfter: number;
  /** A proposal goes when its overlap with a better one is at least this. */
  readonly overlap: number;
}

/** The original's test settings. */
export const PROPOSAL_SETTINGS: ProposalSettings = {
  minSide: 16,
  maxBefore: 6000,
  maxAfter: 300,
  overlap: 0.7,
};

/**
 * The proposals (n, 4) in pixels of the scaled image, best score first; where scores are equal the earlier anchor
 * comes first. `n` is at most `maxAfter` and may be any number down to 0.
 *
 * @throws LxmertError when a score is not a number: the weights are broken
 */
export function proposeRegions(
  output: RpnOutput,
  image: ScaledSize,
  anchors: AnchorSettings,
  settings: ProposalSettings = PROPOSAL_SETTINGS,
): Float32Array {
  const grid = anchorGrid(anchors, output.height, output.width);
  const numCells = output.height * output.width;
  const numAnchors = grid.length / 4 / numCells;
  const decoded = clipBoxes(
    decodeBoxes(grid, anchorMajor(output.deltas, numCells, 4, numAnchors)),
    image.height,
    image.width,
  );
  const scores = objectProbabilities(output.scores, numCells, numAnchors);
  const best = boxesOfSize(decoded, settings.minSide * Math.fround(image.scale))
    .sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b)
    .slice(0, settings.maxBefore);
  return survivingBoxes(takeRows(decoded, 4, best), takeRows(scores, 1, best), settings);
}

/** Of boxes (n, 4), best first, with their scores: those that suppression leaves. */
export function survivingBoxes(
  boxes: Float32Array,
  scores: Float32Array,
  { overlap, maxAfter }: ProposalSettings = PROPOSAL_SETTINGS,
): Float32Array {
  const rule = { overlap, suppressEqual: true, bothEnds: true, maxKept: maxAfter };
  return takeRows(boxes, 4, suppressed(boxes, scores, rule));
}

/** @param logits what the score was made of, where it is known */
export function brokenScore(logits = ''): LxmertError {
  return new LxmertError(
    `The detector's region proposals hold a score that is not a number${logits}. Its weights or the picture's values are broken; convert or download the weights again.`,
  );
}

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

/** (numAnchors x size, cells) -> (cells, numAnchors, size) */
function anchorMajor(values: Float32Array, numCells: number, size: number, numAnchors: number): Float32Array {
  const numChannels = numAnchors * size;
  const moved = new Float32Array(values.length);
  for (let channel = 0; channel < numChannels; channel++) {
    for (let cell = 0; cell < numCells; cell++) {
      moved[cell * numChannels + channel] = values[channel * numCells + cell] as number;
    }
  }
  return moved;
}

/** Softmax over the two logits of each anchor, the share of "object": (cells, numAnchors). */
function objectProbabilities(logits: Float32Array, numCells: number, numAnchors: number): Float32Array {
  const { fround, exp, max } = Math;
  const probabilities = new Float32Array(numCells * numAnchors);
  const numLogits = numCells * numAnchors;
  for (let anchor = 0; anchor < numAnchors; anchor++) {
    for (let cell = 0; cell < numCells; cell++) {
      const background = logits[anchor * numCells + cell] as number;
      const object = logits[numLogits + anchor * numCells + cell] as number;
      const largest = max(background, object);
      const share = fround(exp(fround(object - largest)));
      const other = fround(exp(fround(background - largest)));
      const probability = share / fround(share + other);
      if (Number.isNaN(probability)) {
        throw brokenScore(` (logits ${background} and ${object})`);
      }
      probabilities[cell * numAnchors + anchor] = probability;
    }
  }
  return probabilities;
}
