/** @file Features that a client sends: whether their boxes and values are what a detector can have given. */

import type { z } from 'zod';
import type { FeatureRow } from '../features/files.js';
import { formatCount, formatNumber } from '../formats/numbers.js';
import type { givenFeatures } from './api.js';
import { ServeError } from './serveError.js';

/**
 * Beyond this no detector's value lies (the published one's are between 0 and about 35), but nearly all numbers of
 * another type or byte order that are read as float32 do, or they lie below {@link LEAST_LARGEST}.
 */
const MAX_FEATURE = 1e4;
/** The largest value of features that are not all zeros is not below this. */
const LEAST_LARGEST = 1e-6;

/**
 * @param given bytes of float32 values, little-endian
 * @throws ServeError when the bytes are no float32 values
 */
export function rowOf({ width, height, boxes, features }: z.output<typeof givenFeatures>): FeatureRow {
  if (features.byteLength % 4 !== 0) {
    throw refusal(`features must be float32 values; ${features.byteLength} bytes were sent.`);
  }
  const numBoxes = boxes.length;
  return {
    imageId: 'features',
    width,
    height,
    numBoxes,
    boxes: Float32Array.from(boxes.flat()),
    // Copied: a view must begin at a multiple of four.
    features: new Float32Array(new Uint8Array(features).buffer),
    objectsId: new BigInt64Array(numBoxes),
    objectsConf: new Float32Array(numBoxes),
    attrsId: new BigInt64Array(numBoxes),
    attrsConf: new Float32Array(numBoxes),
  };
}

/** @throws ServeError for boxes that are shares of the picture's sides */
export function requirePixels({ boxes, width, height }: FeatureRow): void {
  if (Math.max(width, height) > 1 && boxes.every((value) => value >= 0 && value <= 1)) {
    throw refusal(
      `features.boxes: all numbers lie between 0 and 1, and the picture is ${width} x ${height}: they are shares of its sides. ` +
        `Send pixels: multiply x1 and x2 by ${width}, y1 and y2 by ${height}.`,
    );
  }
}

/**
 * Refuses what is sound by itself and cannot be meant.
 *
 * @param featureSize that the model reads
 * @throws ServeError for another number of values, and for values of another type
 */
export function requirePlausible(row: FeatureRow, featureSize: number): void {
  const { features, numBoxes } = row;
  const expected = numBoxes * featureSize;
  if (features.length !== expected) {
    throw refusal(
      `The model reads ${formatCount(featureSize, 'value')} for each of ${formatCount(numBoxes, 'box')}; ${formatNumber(features.length)} were sent.${otherType(4 * features.length, expected)}`,
    );
  }
  let largest = 0;
  for (const value of features) largest = Math.max(largest, Math.abs(value));
  if (largest <= MAX_FEATURE && (largest === 0 || largest >= LEAST_LARGEST)) return;
  throw refusal(
    `features: the largest value is ${largest.toPrecision(3)}; a detector's lie between 0 and about 35. Send little-endian float32 values, ` +
      'and not those of another type or byte order.',
  );
}

/** Which type of number has the size that the bytes have. */
function otherType(numBytes: number, numValues: number): string {
  const type = { 2: 'float16', 8: 'float64' }[numBytes / numValues];
  return type === undefined ? '' : ` As many ${type} values are that many bytes: send float32.`;
}

function refusal(message: string): ServeError {
  return new ServeError('bad_request', message);
}
