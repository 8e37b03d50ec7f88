/**
 * @file From what the network says of every proposal to the regions of an image's row, by the original's rules
 * (docs/how-it-works/reference-implementation.md, "Selection").
 */

import { LxmertError } from '../../../common/errors.js';
import { labelledRegions, type RegionOutputs, type SelectedRegions } from '../labelledRegions.js';
import type { CaffeProfile } from '../profiles.js';
import type { Suppression } from '../suppression.js';
import { unscaleBoxes } from './caffeBoxes.js';

/**
 * The regions that a profile keeps. Boxes are the proposals themselves, brought back to the original image; labels and
 * confidences leave the background and "no attribute" out of the choice, not out of the softmax.
 *
 * @param scale pixels of the scaled image for one of the original
 * @throws LxmertError when a probability is not a number
 */
export function selectCaffeRegions(
  outputs: RegionOutputs,
  scale: number,
  profile: CaffeProfile,
  suppression: Suppression,
): SelectedRegions {
  const boxes = unscaleBoxes(outputs.boxes, scale);
  return labelledRegions(
    outputs,
    boxes,
    chooseRegions(hitConfidence(boxes, outputs, profile, suppression), profile),
  );
}

/** All regions in their order, for boxes that were given and not proposed. */
export function allCaffeRegions(outputs: RegionOutputs, scale: number): SelectedRegions {
  const every = Array.from({ length: outputs.numRegions }, (_, region) => region);
  return labelledRegions(outputs, unscaleBoxes(outputs.boxes, scale), every);
}

/** For every region the largest of its probabilities in the classes whose suppression it survives, else 0. */
function hitConfidence(
  boxes: Float32Array,
  { numRegions, classProbabilities }: RegionOutputs,
  { overlap }: CaffeProfile,
  suppression: Suppression,
): Float32Array {
  if (numRegions === 0) return new Float32Array(0);
  // Zero times a number is zero, and NaN times it is NaN.
  let sum = 0;
  for (let i = 0; i < classProbabilities.length; i++) sum += (classProbabilities[i] as number) * 0;
  if (sum !== 0) {
    throw new LxmertError(
      "The detector gave a region a class probability that is not a number. Its weights or the picture's values are broken; convert or download the weights again.",
    );
  }
  return suppression.survivingConfidence(boxes, classProbabilities, overlap);
}

/**
 * Numbers of the regions that stay. A number of hits within the profile's bounds: they stay in the proposals' order.
 * Fewer or more: the `minBoxes` or `maxBoxes` of largest confidence, descending, the later proposal first among
 * equals (the original reverses an ascending sort, whose order among equals it leaves open).
 */
export function chooseRegions(confidence: Float32Array, profile: CaffeProfile): number[] {
  const { minBoxes, maxBoxes, minConfidence } = profile;
  const all = Array.from(confidence.keys());
  const hits = all.filter((region) => (confidence[region] as number) >= minConfidence);
  if (hits.length >= minBoxes && hits.length <= maxBoxes) return hits;
  return all
    .sort((a, b) => (confidence[b] as number) - (confidence[a] as number) || b - a)
    .slice(0, hits.length < minBoxes ? minBoxes : maxBoxes);
}
