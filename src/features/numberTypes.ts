/** @file The number type of a field of bytes: told by how many there are, and by which numbers they would be. */

import { byteSwapped, ELEMENT_BYTES, floatsOf, integersOf } from '../formats/numberArray.js';
import {
  DETECTOR_RANGE,
  type FeatureRange,
  findSummaryProblem,
  PLAUSIBLE_RANGE,
  summarizeValues,
} from './featureValues.js';
import { MAX_CLASS } from './row.js';

/** Types in which arrays are written, little-endian. */
export const NUMBER_TYPES = {
  float16: ELEMENT_BYTES.float16,
  bfloat16: ELEMENT_BYTES.bfloat16,
  float32: ELEMENT_BYTES.float32,
  float64: ELEMENT_BYTES.float64,
  int16: ELEMENT_BYTES.int16,
  int32: ELEMENT_BYTES.int32,
  int64: ELEMENT_BYTES.int64,
} as const;
export type NumberType = keyof typeof NUMBER_TYPES;

/** Values of the published features; a field that has so many of some type is of that type. */
const PUBLISHED_FEATURE_SIZE = 2048;

/** Bytes of one row's field. */
export interface FieldSample {
  readonly numBoxes: number;
  readonly bytes: ArrayBuffer;
}

/** The values as float32, rounded where the type is wider. */
export function decodeFloats(bytes: ArrayBuffer, type: NumberType): Float32Array {
  return floatsOf({ type, shape: [bytes.byteLength / NUMBER_TYPES[type]], bytes: new Uint8Array(bytes) });
}

/** Whole numbers as int64; undefined when a value of a float type is none. */
export function decodeIntegers(bytes: ArrayBuffer, type: NumberType): BigInt64Array | undefined {
  return integersOf({ type, shape: [bytes.byteLength / NUMBER_TYPES[type]], bytes: new Uint8Array(bytes) });
}

/** How features are written in a file. */
export interface FeatureLayout {
  readonly type: 'float16' | 'bfloat16' | 'float32' | 'float64';
  readonly featureSize: number;
}

/**
 * How the features of some rows are written. Of the types that make whole numbers of values of a box's bytes, those remain
 * whose values LXMERT's detector can have made, or else any; 2048 values decide between them, then the documented type,
 * float32.
 *
 * @param samples rows with equally many bytes a box
 * @param range of the values, where it is stated
 * @param wantedSize the values of a region that the user states
 * @returns a sentence when no type fits, or several would and none is the documented one
 */
export function chooseFeatureLayout(
  samples: readonly FieldSample[],
  range?: FeatureRange,
  wantedSize?: number,
): FeatureLayout | string {
  const [first] = samples;
  if (first === undefined) return 'there are no rows to tell the number type from.';
  const boxBytes = first.bytes.byteLength / first.numBoxes;
  const types = ['float32', areBfloats(samples) ? 'bfloat16' : 'float16', 'float64'] as const;
  const readings = types
    .map((type) => ({ type, featureSize: boxBytes / NUMBER_TYPES[type] }))
    .filter(({ featureSize }) => Number.isInteger(featureSize) && featureSize >= 1);
  if (wantedSize !== undefined) {
    const wanted = readings.find(({ featureSize }) => featureSize === wantedSize);
    return (
      wanted ??
      `features take ${boxBytes} bytes for each box, which are not ${wantedSize} values of any type: ${list(readings)}.`
    );
  }
  if (samples.every(({ bytes }) => new Uint8Array(bytes).every((byte) => byte === 0)))
    return 'features hold nothing but zeros, which no detector gives.';
  const published = readings.find(({ featureSize }) => featureSize === PUBLISHED_FEATURE_SIZE);
  let problems: (string | undefined)[] = [];
  for (const each of range === undefined ? [DETECTOR_RANGE, PLAUSIBLE_RANGE] : [range]) {
    problems = readings.map(({ type }) =>
      mostProblem(samples.map(({ bytes }) => findReadingProblem(valuesOf(bytes, type), type, each))),
    );
    const sound = readings.filter((_, i) => problems[i] === undefined);
    const chosen =
      sound.find((reading) => reading === published) ??
      (sound.length === 1 ? sound[0] : sound.find(({ type }) => type === 'float32'));
    if (chosen !== undefined) return chosen;
    if (sound.length > 1) return `features may be ${list(sound)}: state the size with --feature-size.`;
  }
  const at = readings.indexOf(published ?? (readings[0] as FeatureLayout));
  return `${problems[Math.max(at, 0)] ?? `features take ${boxBytes} bytes for each box.`}${swapped(samples, readings)}`;
}

/** Bits of bfloat16 numbers from 1.6e-7 to 510, signs apart, which lie at 0.25 to 4 as float16; and those of 1e-3. */
const BFLOAT_BITS = { least: 0x3400, most: 0x43ff, thousandth: 0x3a83 };

/**
 * Whether numbers of two bytes are the upper halves of float32. Read as float16 they would crowd between 0.8 and 4 with
 * nothing below, where features have most of their values.
 */
function areBfloats(samples: readonly FieldSample[]): boolean {
  let [numValues, numWithin, numSmall] = [0, 0, 0];
  for (const { bytes } of samples) {
    if (bytes.byteLength % 2 !== 0) return false;
    for (const bits of new Uint16Array(bytes)) {
      const size = bits & 0x7fff;
      if (size === 0) continue;
      numValues++;
      if (size >= BFLOAT_BITS.least && size <= BFLOAT_BITS.most) numWithin++;
      if (size < BFLOAT_BITS.thousandth) numSmall++;
    }
  }
  return numValues >= 256 && numWithin > 0.99 * numValues && numSmall < 0.1 * numValues;
}

/** Features all below this, as another type than the documented one, are bits of whole numbers. */
const LEAST_MAXIMUM = 1e-3;

function findReadingProblem(
  values: Float32Array | Float64Array,
  type: FeatureLayout['type'],
  range: FeatureRange,
): string | undefined {
  const found = summarizeValues(values);
  if (type !== 'float32' && found.max < LEAST_MAXIMUM && found.numZeros < found.numValues)
    return `features of type ${type} would all lie below ${LEAST_MAXIMUM}: they were numbers of another type, or are damaged.`;
  return findSummaryProblem(found, range);
}

/** What is wrong with most rows; a few damaged ones are told when they are read. */
function mostProblem(problems: readonly (string | undefined)[]): string | undefined {
  const found = problems.filter((problem) => problem !== undefined);
  return 2 * found.length > problems.length ? found[0] : undefined;
}

/** Bytes in the other order are a likely cause that numbers show. */
function swapped(samples: readonly FieldSample[], readings: readonly FeatureLayout[]): string {
  const [first] = samples;
  if (first === undefined) return '';
  const sound = readings.find(({ type }) => {
    const values = valuesOf(swapBytes(first.bytes, type), type);
    return findReadingProblem(values, type, DETECTOR_RANGE) === undefined;
  });
  return sound === undefined ? '' : ` ${otherOrder(sound.type)}`;
}

/** A sentence for numbers whose bytes stand in the other order. */
export function otherOrder(type: NumberType): string {
  const form = `<${type.startsWith('int') ? 'i' : 'f'}${NUMBER_TYPES[type]}`;
  return `With the bytes of each number in the other order they would be sound: write them little-endian (NumPy's '${form}').`;
}

/** The same numbers with the bytes of each in the other order. */
export function swapBytes(bytes: ArrayBuffer, type: NumberType): ArrayBuffer {
  const width = NUMBER_TYPES[type];
  return bytes.byteLength % width === 0 ? byteSwapped(new Uint8Array(bytes), width).buffer : bytes.slice(0);
}

function valuesOf(bytes: ArrayBuffer, type: FeatureLayout['type']): Float32Array | Float64Array {
  return type === 'float64' ? new Float64Array(bytes) : decodeFloats(bytes, type);
}

function list(readings: readonly FeatureLayout[]): string {
  return readings.map(({ type, featureSize }) => `${featureSize} of ${type}`).join(', ');
}

/**
 * The type of boxes or confidences, by their width; floats whose every value is nearer to 0 than any number that a
 * detector writes are whole numbers.
 *
 * @returns undefined when no type has this width
 */
export function chooseFloatType(
  samples: readonly FieldSample[],
  valuesPerBox: number,
): NumberType | undefined {
  const width = widthOf(samples, valuesPerBox);
  const [float, int] =
    width === 4
      ? (['float32', 'int32'] as const)
      : width === 8
        ? (['float64', 'int64'] as const)
        : width === 2
          ? (['float16', 'int16'] as const)
          : [];
  if (float === undefined || int === undefined) return undefined;
  const alike = ofWidth(samples, width, valuesPerBox);
  const isInt = alike.every(({ bytes }) => {
    const { min, max, numZeros, numNonFinite, numValues } = summarizeValues(
      float === 'float64' ? new Float64Array(bytes) : decodeFloats(bytes, float),
    );
    const isTiny = min >= 0 && max < (float === 'float16' ? 1e-4 : 1e-30);
    return isTiny && numZeros < numValues && numNonFinite === 0;
  });
  return isInt && alike.length > 0 ? int : float;
}

/** The type of class numbers by their width; whole numbers first, floats where those would be no class numbers. */
export function chooseIntegerType(samples: readonly FieldSample[]): NumberType | undefined {
  const width = widthOf(samples, 1);
  const types: readonly NumberType[] =
    width === 8 ? ['int64', 'float64'] : width === 4 ? ['int32', 'float32'] : width === 2 ? ['int16'] : [];
  const alike = ofWidth(samples, width, 1);
  return types.find((type) => alike.every(({ bytes }) => areClasses(bytes, type))) ?? types[0];
}

function areClasses(bytes: ArrayBuffer, type: NumberType): boolean {
  const values = decodeIntegers(bytes, type);
  return values?.every((value) => value >= 0n && value <= MAX_CLASS) ?? false;
}

/** Bytes of one value in most rows. */
function widthOf(samples: readonly FieldSample[], valuesPerBox: number): number | undefined {
  return mostFrequent(samples.map(({ bytes, numBoxes }) => bytes.byteLength / (numBoxes * valuesPerBox)));
}

function ofWidth(
  samples: readonly FieldSample[],
  width: number | undefined,
  valuesPerBox: number,
): readonly FieldSample[] {
  return samples.filter(({ bytes, numBoxes }) => bytes.byteLength === numBoxes * valuesPerBox * (width ?? 0));
}

/** What occurs most often; of several the first. */
export function mostFrequent<T>(items: readonly T[]): T | undefined {
  const counts = new Map<T, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  let most: T | undefined;
  for (const [item, count] of counts) if (count > (counts.get(most as T) ?? 0)) most = item;
  return most;
}
