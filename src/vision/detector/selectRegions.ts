/** @file From what the network says of every proposal to the regions of an image's row. */

import { LxmertError } from '../../common/errors.js';
import { fromTypedArray, scope } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';
import { takeRows, unscaleBoxes } from './boxes.js';
import type { CaffeProfile } from './profiles.js';

/** What the network says of `numRegions` proposals, best proposal first. */
export interface RegionOutputs {
  readonly numRegions: number;
  /** (numRegions, 4) in pixels of the scaled image. */
  readonly boxes: Float32Array;
  /** (numRegions, featureSize) */
  readonly features: Float32Array;
  /** (numRegions, classes), the background first. */
  readonly classProbabilities: Float32Array;
  /** (numRegions, attributes), "no attribute" first; by the ports' rules 0 for it, and the others' sum is 1. */
  readonly attributeProbabilities: Float32Array;
  /** (numRegions, classes, 4): how each class would move the box; by the ports' rules only. */
  readonly boxDeltas?: Float32Array;
}

/** The fields of a feature row (`features/row.ts`) that come from the detector. */
export interface SelectedRegions {
  readonly numBoxes: number;
  readonly objectsId: BigInt64Array;
  readonly objectsConf: Float32Array;
  readonly attrsId: BigInt64Array;
  readonly attrsConf: Float32Array;
  /** (numBoxes, 4) in pixels of the original image. */
  readonly boxes: Float32Array;
  /** (numBoxes, featureSize) */
  readonly features: Float32Array;
}

/**
 * The regions that a profile keeps. Boxes are the proposals themselves, brought back to the original image; labels and
 * confidences leave the background and "no attribute" out of the choice, not out of the softmax.
 *
 * @param scale pixels of the scaled image for one of the original
 * @throws LxmertError when a probability is not a number
 */
export function selectRegions(outputs: RegionOutputs, scale: number, profile: CaffeProfile): SelectedRegions {
  const boxes = unscaleBoxes(outputs.boxes, scale);
  return labelledRegions(outputs, boxes, chooseRegions(hitConfidence(boxes, outputs, profile), profile));
}

/** All regions in their order, for boxes that were given and not proposed. */
export function allRegions(outputs: RegionOutputs, scale: number): SelectedRegions {
  const every = Array.from({ length: outputs.numRegions }, (_, region) => region);
  return labelledRegions(outputs, unscaleBoxes(outputs.boxes, scale), every);
}

/** @param boxes (numRegions, 4) in pixels of the original image */
export function labelledRegions(
  outputs: RegionOutputs,
  boxes: Float32Array,
  kept: readonly number[],
): SelectedRegions {
  const { numRegions, features } = outputs;
  const objects = bestLabels(outputs.classProbabilities, numRegions, kept);
  const attributes = bestLabels(outputs.attributeProbabilities, numRegions, kept);
  return {
    numBoxes: kept.length,
    objectsId: objects.ids,
    objectsConf: objects.confidences,
    attrsId: attributes.ids,
    attrsConf: attributes.confidences,
    boxes: takeRows(boxes, 4, kept),
    features: takeRows(features, features.length / numRegions, kept),
  };
}

/** For every region the largest of its probabilities in the classes whose suppression it survives, else 0. */
function hitConfidence(
  boxes: Float32Array,
  { numRegions, classProbabilities }: RegionOutputs,
  { overlap }: CaffeProfile,
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
  return scope(() =>
    ops
      .survivingConfidence(
        fromTypedArray(boxes, [numRegions, 4]),
        fromTypedArray(classProbabilities, [numRegions, classProbabilities.length / numRegions]),
        1,
        overlap,
        true,
      )
      .toFloat32Array(),
  );
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

/** The most probable label of each region, column 0 left out and not counted; the first among equals. */
export function bestLabels(
  probabilities: Float32Array,
  numRegions: number,
  regions: readonly number[],
): { ids: BigInt64Array; confidences: Float32Array } {
  const numLabels = probabilities.length / numRegions;
  const ids = new BigInt64Array(regions.length);
  const confidences = new Float32Array(regions.length);
  regions.forEach((region, i) => {
    const row = probabilities.subarray(region * numLabels + 1, (region + 1) * numLabels);
    let best = 0;
    for (let label = 1; label < row.length; label++) {
      if ((row[label] as number) > (row[best] as number)) best = label;
    }
    ids[i] = BigInt(best);
    confidences[i] = row[best] as number;
  });
  return { ids, confidences };
}
