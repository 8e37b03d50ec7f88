/** @file How well the regions found in a picture agree with those that a file has for it. */

import { LxmertError } from '../common/errors.js';
import { type FeatureRow, featureSizeOf } from '../features/files.js';

/** Overlap from which a box counts as found again. */
export const SAME_BOX = 0.9;
/** An image agrees when at least this share of its boxes is found again ... */
export const LEAST_FOUND = 0.9;
/** ... and features on its own boxes differ by no more than this, in the median. */
export const MOST_FEATURE_ERROR = 0.01;

/** How far features and labels are from those of the same boxes, or of boxes that overlap. */
export interface DescriptionAgreement {
  /** Length of the difference over the length of the reference's vector, in the median and at most. */
  readonly medianError: number;
  readonly largestError: number;
  /** Shares of equal labels. */
  readonly sameObjects: number;
  readonly sameAttributes: number;
}

export interface ImageAgreement {
  readonly imageId: string;
  /** Boxes of the reference, and of what was found. */
  readonly numReference: number;
  readonly numFound: number;
  /** Boxes of the reference that were found again, each as another box. */
  readonly numSame: number;
  /** Of these the overlap (intersection over union) in the mean; null when there are none. */
  readonly meanOverlap: number | null;
  /** True when the boxes found again stand in the reference's order. */
  readonly isSameOrder: boolean;
  /** Of the boxes found again; null when there are none. */
  readonly onFoundBoxes: DescriptionAgreement | null;
  /** Of the reference's own boxes, which tells the arithmetic of features from the choice of boxes. */
  readonly onReferenceBoxes: DescriptionAgreement;
  readonly agrees: boolean;
}

/** The part of a row that describes its boxes. */
export type Description = Pick<FeatureRow, 'numBoxes' | 'features' | 'objectsId' | 'attrsId'>;

/**
 * Compares two rows of one image.
 *
 * Boxes are paired one to one, the pair of the largest overlap first, as long as it is at least `SAME_BOX`.
 *
 * @param described what the detector says of the reference's own boxes, in their order
 * @throws LxmertError when features have different lengths, or the image different sizes
 */
export function compareRows(
  reference: FeatureRow,
  found: FeatureRow,
  described: Description,
): ImageAgreement {
  if (featureSizeOf(reference) !== featureSizeOf(found)) {
    throw new LxmertError(
      `Image ${reference.imageId}: the reference's features have ${featureSizeOf(reference)} values a region, the detector's ${featureSizeOf(found)}. They are of different detectors.`,
    );
  }
  if (reference.width !== found.width || reference.height !== found.height) {
    throw new LxmertError(
      `Image ${reference.imageId} is ${reference.width} x ${reference.height} pixels in the reference, and the picture ${found.width} x ${found.height}. They are different pictures.`,
    );
  }
  const pairs = samePairs(reference, found);
  const every = Array.from(
    { length: reference.numBoxes },
    (_, i): Pair => ({ reference: i, found: i, overlap: 1 }),
  );
  const onReferenceBoxes = compareDescriptions(reference, described, every) as DescriptionAgreement;
  return {
    imageId: reference.imageId,
    numReference: reference.numBoxes,
    numFound: found.numBoxes,
    numSame: pairs.length,
    meanOverlap:
      pairs.length === 0 ? null : pairs.reduce((sum, { overlap }) => sum + overlap, 0) / pairs.length,
    isSameOrder: pairs.every((pair, i) => i === 0 || pair.found > (pairs[i - 1] as Pair).found),
    onFoundBoxes: compareDescriptions(reference, found, pairs),
    onReferenceBoxes,
    agrees:
      pairs.length >= LEAST_FOUND * reference.numBoxes && onReferenceBoxes.medianError <= MOST_FEATURE_ERROR,
  };
}

interface Pair {
  readonly reference: number;
  readonly found: number;
  readonly overlap: number;
}

/** In the reference's order. */
function samePairs(reference: FeatureRow, found: FeatureRow): Pair[] {
  const candidates: Pair[] = [];
  for (let i = 0; i < reference.numBoxes; i++) {
    for (let j = 0; j < found.numBoxes; j++) {
      const overlap = overlapOf(reference.boxes, i, found.boxes, j);
      if (overlap >= SAME_BOX) candidates.push({ reference: i, found: j, overlap });
    }
  }
  candidates.sort((a, b) => b.overlap - a.overlap);
  const [usedReference, usedFound] = [new Set<number>(), new Set<number>()];
  const pairs = candidates.filter((pair) => {
    if (usedReference.has(pair.reference) || usedFound.has(pair.found)) return false;
    usedReference.add(pair.reference);
    usedFound.add(pair.found);
    return true;
  });
  return pairs.sort((a, b) => a.reference - b.reference);
}

/** Intersection over union; a side is x2 - x1 long. Two boxes of no area are the same when they are equal. */
function overlapOf(a: Float32Array, i: number, b: Float32Array, j: number): number {
  const at = (boxes: Float32Array, box: number, k: number): number => boxes[4 * box + k] as number;
  const area = (boxes: Float32Array, box: number): number =>
    (at(boxes, box, 2) - at(boxes, box, 0)) * (at(boxes, box, 3) - at(boxes, box, 1));
  const shared = [0, 1].reduce(
    (product, axis) =>
      product *
      Math.max(
        0,
        Math.min(at(a, i, 2 + axis), at(b, j, 2 + axis)) - Math.max(at(a, i, axis), at(b, j, axis)),
      ),
    1,
  );
  const all = area(a, i) + area(b, j) - shared;
  if (all > 0) return shared / all;
  return [0, 1, 2, 3].every((k) => at(a, i, k) === at(b, j, k)) ? 1 : 0;
}

function compareDescriptions(
  reference: Description,
  other: Description,
  pairs: readonly Pair[],
): DescriptionAgreement | null {
  if (pairs.length === 0) return null;
  const size = reference.features.length / reference.numBoxes;
  const errors = pairs
    .map((pair) =>
      relativeError(
        reference.features.subarray(pair.reference * size, (pair.reference + 1) * size),
        other.features.subarray(pair.found * size, (pair.found + 1) * size),
      ),
    )
    .sort((a, b) => a - b);
  const share = (same: (pair: Pair) => boolean): number => pairs.filter(same).length / pairs.length;
  return {
    medianError: errors[Math.floor((errors.length - 1) / 2)] as number,
    largestError: errors.at(-1) as number,
    sameObjects: share((pair) => reference.objectsId[pair.reference] === other.objectsId[pair.found]),
    sameAttributes: share((pair) => reference.attrsId[pair.reference] === other.attrsId[pair.found]),
  };
}

/** 0 for two vectors of zeros; the length of the difference where the reference alone is 0. */
function relativeError(reference: Float32Array, other: Float32Array): number {
  let difference = 0;
  let length = 0;
  for (let i = 0; i < reference.length; i++) {
    difference += ((reference[i] as number) - (other[i] as number)) ** 2;
    length += (reference[i] as number) ** 2;
  }
  return Math.sqrt(difference) / (length === 0 ? 1 : Math.sqrt(length));
}
