/** @file What the network says of proposals, and the fields of an image's row that are made of those that are kept. */

import { takeRows } from './rows.js';

/** What the network says of `numRegions` proposals, best proposal first. */
export interface RegionOutputs {
  readonly numRegions: number;
  /** (numRegions, 4) in pixels of the scaled image. */
  readonly boxes: Float32Array;
  /** (numRegions, featureSize) */
  readonly features: Float32Array;
  /** (numRegions, classes), the background first. */
  readonly classProbabilities: Float32Array;
  /** (numRegions, attributes), "no attribute" first; by Detectron2's rules 0 for it, and the others' sum is 1. */
  readonly attributeProbabilities: Float32Array;
  /** (numRegions, classes, 4): how each class would move the box; by Detectron2's rules only. */
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
