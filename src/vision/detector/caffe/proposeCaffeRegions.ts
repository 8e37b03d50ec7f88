/**
 * @file From the region proposal network's outputs to proposals, by the original's rules
 * (docs/how-it-works/reference-implementation.md, "Anchors and proposals").
 */

import { anchorGrid } from '../anchorGrid.js';
import type { AnchorSettings } from '../architecture.js';
import {
  brokenScore,
  PROPOSAL_SETTINGS,
  type ProposalSettings,
  type RpnOutput,
  type ScaledSize,
} from '../proposals.js';
import { takeRows } from '../rows.js';
import type { Suppression } from '../suppression.js';
import { caffeAnchors } from './caffeAnchors.js';
import { boxesOfSize, clipBoxes, decodeBoxes } from './caffeBoxes.js';

/**
 * The proposals (n, 4) in pixels of the scaled image, best score first; where scores are equal the earlier anchor
 * comes first. `n` is at most `maxAfter` and may be any number down to 0.
 *
 * @throws LxmertError when a score is not a number: the weights are broken
 */
export function proposeCaffeRegions(
  output: RpnOutput,
  image: ScaledSize,
  anchors: AnchorSettings,
  suppression: Suppression,
  settings: ProposalSettings = PROPOSAL_SETTINGS,
): Float32Array {
  const grid = anchorGrid(caffeAnchors(anchors), anchors.stride, output.height, output.width);
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
  return survivingCaffeBoxes(takeRows(decoded, 4, best), takeRows(scores, 1, best), suppression, settings);
}

/** Of boxes (n, 4), best first, with their scores: those that suppression leaves. */
export function survivingCaffeBoxes(
  boxes: Float32Array,
  scores: Float32Array,
  suppression: Suppression,
  { overlap, maxAfter }: ProposalSettings = PROPOSAL_SETTINGS,
): Float32Array {
  const rule = { overlap, suppressEqual: true, bothEnds: true, maxKept: maxAfter };
  return takeRows(boxes, 4, suppression.suppressed(boxes, scores, rule));
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
