/** @file From what the network says of every proposal to the regions of an image's row, by Detectron2's rules. */

import { LxmertError } from '../../../common/errors.js';
import { bestLabels, labelledRegions, type RegionOutputs, type SelectedRegions } from '../labelledRegions.js';
import type { Detectron2Profile } from '../profiles.js';
import type { Suppression } from '../suppression.js';
import { clipDetectron2Boxes, moveDetectron2Box } from './detectron2Boxes.js';

/** Box regression weights of both ports' configurations. */
const DELTA_WEIGHTS = [10, 10, 5, 5] as const;

/** Sizes of the picture and of the network's input. */
export interface Detectron2ImageSize {
  readonly height: number;
  readonly width: number;
  readonly inputHeight: number;
  readonly inputWidth: number;
}

/**
 * The regions that the port's extraction keeps: each proposal's box as its best class moves it, then one suppression over
 * all of them by that class's probability, with a higher threshold each time until `minBoxes` stay. Best first. Features
 * and labels are those of the proposals.
 *
 * @throws LxmertError when a probability or a box is not a number
 */
export function selectDetectron2Regions(
  outputs: RegionOutputs,
  size: Detectron2ImageSize,
  profile: Detectron2Profile,
  suppression: Suppression,
): SelectedRegions {
  const { numRegions } = outputs;
  const { boxes, confidences } = movedBoxes(outputs, size);
  let kept: number[] = [];
  for (const overlap of profile.overlaps) {
    const settings = { overlap, suppressEqual: false, bothEnds: false, maxKept: numRegions };
    kept = suppression.suppressed(boxes, confidences, settings);
    if (kept.length >= profile.minBoxes) break;
  }
  return labelledRegions(outputs, toPicture(boxes, size), kept.slice(0, profile.maxBoxes));
}

/** All regions in their order, for boxes that were given and not proposed. */
export function allDetectron2Regions(outputs: RegionOutputs, size: Detectron2ImageSize): SelectedRegions {
  const every = Array.from({ length: outputs.numRegions }, (_, region) => region);
  return labelledRegions(outputs, toPicture(outputs.boxes, size), every);
}

/** In pixels of the input. */
function movedBoxes(
  outputs: RegionOutputs,
  { inputHeight, inputWidth }: Detectron2ImageSize,
): { boxes: Float32Array; confidences: Float32Array } {
  const { numRegions, classProbabilities, boxDeltas } = outputs;
  if (boxDeltas === undefined) throw new Error("Detectron2's rules need the deltas of the classes' boxes.");
  const every = Array.from({ length: numRegions }, (_, region) => region);
  const { ids, confidences } = bestLabels(classProbabilities, numRegions, every);
  const boxes = new Float32Array(numRegions * 4);
  for (const region of every) {
    // The background's deltas stand first.
    const offset = (region * (boxDeltas.length / 4 / numRegions) + Number(ids[region]) + 1) * 4;
    const proposal = outputs.boxes.subarray(4 * region, 4 * region + 4);
    boxes.set(moveDetectron2Box(proposal, boxDeltas, offset, DELTA_WEIGHTS), 4 * region);
  }
  clipDetectron2Boxes(boxes, inputHeight, inputWidth);
  if (boxes.some(Number.isNaN) || confidences.some(Number.isNaN)) {
    throw new LxmertError(
      "The detector gave a region a box or a probability that is not a number. Its weights or the picture's values are broken; convert or download the weights again.",
    );
  }
  return { boxes, confidences };
}

/** By each side's own ratio, as Detectron2's postprocessing does. */
function toPicture(
  boxes: Float32Array,
  { height, width, inputHeight, inputWidth }: Detectron2ImageSize,
): Float32Array {
  const [across, down] = [Math.fround(width / inputWidth), Math.fround(height / inputHeight)];
  return clipDetectron2Boxes(
    boxes.map((value, i) => value * (i % 2 === 0 ? across : down)),
    height,
    width,
  );
}
