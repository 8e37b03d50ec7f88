/** @file VinVL's vectors: a region's features with its place in the picture as the last six numbers. */

import { LxmertError } from '../../common/errors.js';
import { formatCount } from '../../formats/numbers.js';
import type { RawRow } from './indexedRows.js';

/** x1, y1, x2, y2, width, height as shares of the picture's sides. */
const PLACE = 6;
/** How far rounding and pixels that are counted to their ends may lead. */
const TOLERANCE = 0.02;

/** What a row of VinVL's is, for its notice. */
export const VINVL_NOTES = [
  "VinVL's features, of another detector (X152-C4) than LXMERT's: for models that were trained on them from the beginning",
] as const;

/** By this name the provenance knows the detector whose vectors have 2048 numbers. */
export function vinvlDetector(featureSize: number): string | undefined {
  return featureSize === 2048 ? 'vinvl-x152c4' : undefined;
}

/**
 * The two parts of vectors.
 *
 * @param values (numBoxes, d + 6)
 * @throws LxmertError, without file and place, when the last six numbers are no place
 */
export function splitVectors(values: Float32Array, numBoxes: number): Pick<RawRow, 'boxes' | 'features'> {
  const width = values.length / numBoxes;
  if (!(numBoxes >= 1 && Number.isInteger(width) && width > PLACE))
    throw new LxmertError(
      `the vectors of ${formatCount(numBoxes, 'box')} should have equal lengths of more than ${PLACE}; they have ${values.length} numbers.`,
    );
  const featureSize = width - PLACE;
  const boxes = new Float32Array(4 * numBoxes);
  const features = new Float32Array(featureSize * numBoxes);
  for (let box = 0; box < numBoxes; box++) {
    const vector = values.subarray(box * width, (box + 1) * width);
    const place = vector.subarray(featureSize);
    if (!isPlace(place))
      throw new LxmertError(
        `the last ${PLACE} of ${width} numbers of box ${box} should be x1, y1, x2, y2, width and height as shares of ` +
          `the picture's sides; they are ${Array.from(place, (value) => Number(value.toPrecision(4))).join(', ')}.`,
      );
    features.set(vector.subarray(0, featureSize), box * featureSize);
    boxes.set(place.subarray(0, 4), 4 * box);
  }
  return { boxes, features };
}

function isPlace(place: Float32Array): boolean {
  const [x1, y1, x2, y2, width, height] = place as unknown as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const isNear = (a: number, b: number) => Math.abs(a - b) <= TOLERANCE;
  return (
    place.every((value) => value >= -TOLERANCE && value <= 1 + TOLERANCE) &&
    ((isNear(width, x2 - x1) && isNear(height, y2 - y1)) ||
      (isNear(width, y2 - y1) && isNear(height, x2 - x1)))
  );
}
