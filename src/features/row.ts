/** @file One image's region features as every file format here holds them, and the rules such a row obeys. */
import { formatCount, formatNumber } from '../formats/numbers.js';

/** The detector's regions of one image. Arrays have one entry (or group of entries) per box. */
export interface FeatureRow {
  /** File name of the image up to the first dot, e.g. `COCO_train2014_000000132417`. */
  readonly imageId: string;
  /** Height and width of the image in pixels; the boxes are in the same pixels. */
  readonly height: number;
  readonly width: number;
  readonly numBoxes: number;
  /** Detector's object class, from 0, (numBoxes). */
  readonly objectsId: BigInt64Array;
  /** Detector's probability of that class, (numBoxes). */
  readonly objectsConf: Float32Array;
  /** Detector's attribute class, from 0, (numBoxes). */
  readonly attrsId: BigInt64Array;
  /** Detector's probability of that attribute, (numBoxes). */
  readonly attrsConf: Float32Array;
  /** x1, y1, x2, y2 in pixels, (numBoxes, 4). */
  readonly boxes: Float32Array;
  /** (numBoxes, featureSize). */
  readonly features: Float32Array;
}

/** Longest image id in UTF-8 bytes; a longer one is a sign of a broken file. */
const MAX_IMAGE_ID_BYTES = 1024;
/** Largest number of boxes a row may have (the widest published setting is 100). */
export const MAX_BOXES = 1000;
/** Largest image side in pixels. */
export const MAX_IMAGE_SIDE = 1_000_000;
/** How far a box may leave the image, as a share of the image's side: the reference's own tolerance. */
export const BOX_TOLERANCE = 1e-5;
/** Picture side in pixels from which on boxes within the first pixel are no pixels. */
const MIN_SIDE_FOR_UNIT = 4;

/** How far rounding, to float16 as well, may lead a probability beyond 0 and 1. */
const PROBABILITY_TOLERANCE = 1e-3;

/** Far above the classes of any detector: 1,600 objects and 400 attributes here. */
export const MAX_CLASS = 1_000_000n;

/** Values of one region's feature vector: 2048 for the bottom-up-attention detector. */
export function featureSizeOf(row: FeatureRow): number {
  return row.features.length / row.numBoxes;
}

/**
 * Looks for what breaks the rules: sizes and counts in range, lengths that fit the number of boxes, finite
 * numbers, boxes inside the image with x1 <= x2 and y1 <= y2.
 *
 * @returns a sentence without the place (the caller knows file and line), or `undefined` for a sound row.
 */
export function findRowProblem(row: FeatureRow): string | undefined {
  const n = row.numBoxes;
  if (!isCount(n, MAX_BOXES)) return `num_boxes should be a whole number from 1 to ${MAX_BOXES}; found ${n}.`;
  for (const [name, side] of [
    ['img_h', row.height],
    ['img_w', row.width],
  ] as const) {
    if (!isCount(side, MAX_IMAGE_SIDE))
      return `${name} should be a whole number from 1 to ${MAX_IMAGE_SIDE}; found ${side}.`;
  }
  return (
    findIdProblem(row.imageId) ??
    findLengthProblem(row) ??
    findLabelProblem('objects_id', row.objectsId) ??
    findLabelProblem('attrs_id', row.attrsId) ??
    findNonFinite('objects_conf', row.objectsConf) ??
    findNonFinite('attrs_conf', row.attrsConf) ??
    findNoProbability('objects_conf', row.objectsConf) ??
    findNoProbability('attrs_conf', row.attrsConf) ??
    findBoxProblem(row.boxes, n, row.width, row.height) ??
    findNonFinite('features', row.features)
  );
}

/**
 * Checks pixel boxes (numBoxes, 4) against the image they lie in.
 *
 * The reference divides by width and height in float32 and demands values within 1e-5 of [0, 1]; boxes that
 * run backwards are refused as well, since a detector cannot make them and a wrong column order does.
 */
export function findBoxProblem(
  boxes: Float32Array,
  numBoxes: number,
  width: number,
  height: number,
): string | undefined {
  let reach = 0;
  for (let box = 0; box < numBoxes; box++) {
    for (let k = 0; k < 4; k++) {
      const side = k % 2 === 0 ? width : height;
      const share = Math.fround((boxes[box * 4 + k] as number) / side);
      // Written so that NaN fails as well.
      if (!(share >= -BOX_TOLERANCE && share <= 1 + BOX_TOLERANCE))
        return `box ${box} (${describeBox(boxes, box)}) leaves the image, which is ${width} x ${height} pixels.`;
    }
    for (let k = 0; k < 4; k++) reach = Math.max(reach, boxes[box * 4 + k] as number);
    if (
      (boxes[box * 4] as number) > (boxes[box * 4 + 2] as number) ||
      (boxes[box * 4 + 1] as number) > (boxes[box * 4 + 3] as number)
    )
      return `box ${box} (${describeBox(boxes, box)}) runs backwards; expected x1, y1, x2, y2 with x1 <= x2 and y1 <= y2.`;
  }
  if (reach <= 1 + BOX_TOLERANCE && Math.min(width, height) >= MIN_SIDE_FOR_UNIT)
    return reach === 0
      ? `all its boxes are 0, 0, 0, 0 in a picture of ${width} x ${height} pixels.`
      : `all its boxes lie between 0 and ${Number(reach.toFixed(4))}, within one pixel of a picture of ${width} x ${height}: ` +
          'they look like shares of its sides, where pixels are expected.';
  return undefined;
}

function describeBox(boxes: Float32Array, box: number): string {
  return Array.from(boxes.subarray(box * 4, box * 4 + 4), (v) => String(Number(v.toFixed(3)))).join(', ');
}

/** Checks an image id alone: not empty, not too long, no control characters (they would break the TSV). */
export function findIdProblem(imageId: string): string | undefined {
  if (imageId === '') return 'img_id is empty.';
  // A character takes at most three bytes for each of its UTF-16 units.
  if (
    3 * imageId.length > MAX_IMAGE_ID_BYTES &&
    new TextEncoder().encode(imageId).length > MAX_IMAGE_ID_BYTES
  )
    return `img_id is longer than ${MAX_IMAGE_ID_BYTES} bytes.`;
  if (imageId.startsWith('\ufeff'))
    return `img_id ${JSON.stringify(imageId.slice(1))} begins with a byte-order mark, so that no question names it.`;
  for (let i = 0; i < imageId.length; i++) {
    if (imageId.charCodeAt(i) < 0x20) return `img_id ${JSON.stringify(imageId)} holds a control character.`;
  }
  return undefined;
}

function findLengthProblem(row: FeatureRow): string | undefined {
  const expected: [string, number, number][] = [
    ['objects_id', row.objectsId.length, row.numBoxes],
    ['objects_conf', row.objectsConf.length, row.numBoxes],
    ['attrs_id', row.attrsId.length, row.numBoxes],
    ['attrs_conf', row.attrsConf.length, row.numBoxes],
    ['boxes', row.boxes.length, row.numBoxes * 4],
  ];
  for (const [name, found, wanted] of expected) {
    if (found !== wanted)
      return `${name} should hold ${formatCount(wanted, 'value')} for ${formatCount(row.numBoxes, 'box')}; it holds ${formatNumber(found)}.`;
  }
  const size = featureSizeOf(row);
  if (size < 1 || !Number.isInteger(size))
    return `features should hold the same number of values for each of ${formatCount(row.numBoxes, 'box')}; it holds ${formatCount(row.features.length, 'value')}.`;
  return undefined;
}

function findLabelProblem(name: string, labels: BigInt64Array): string | undefined {
  const bad = labels.find((label) => label < 0n || label > MAX_CLASS);
  if (bad === undefined) return undefined;
  const cause = bad > 0n ? ' These were numbers of another type (float64, int32), or are damaged.' : '';
  return `${name} should hold class numbers from 0; found ${bad}.${cause}`;
}

function findNonFinite(name: string, values: Float32Array): string | undefined {
  // Zero times anything finite is zero, and NaN otherwise: one cheap pass, since every feature goes through here.
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] as number) * 0;
  if (sum === 0) return undefined;
  const bad = values.findIndex((value) => !Number.isFinite(value));
  return `${name} holds ${values[bad]} at value ${bad}; every value must be finite.`;
}

/** Rounding apart, since losses are weighted with it. */
function findNoProbability(name: string, values: Float32Array): string | undefined {
  const bad = values.find((value) => value < -PROBABILITY_TOLERANCE || value > 1 + PROBABILITY_TOLERANCE);
  return bad === undefined
    ? undefined
    : `${name} should hold probabilities from 0 to 1; found ${Number(bad.toPrecision(4))}.`;
}

function isCount(value: number, max: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= max;
}
