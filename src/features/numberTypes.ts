/** @file The number type of a field of bytes: told by how many there are, and by which numbers they would be. */

import { float16ToFloat32 } from '../formats/float16.js';
import {
  DETECTOR_RANGE,
  type FeatureRange,
  findSummaryProblem,
  findValueProblem,
  summarizeValues,
} from './featureValues.js';
import { MAX_CLASS } from './row.js';

/** Types in which arrays are written, little-endian. */
export const NUMBER_TYPES = {
  float16: 2,
  float32: 4,
  float64: 8,
  int16: 2,
  int32: 4,
  int64: 8,
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
  switch (type) {
    case 'float32':
      return new Float32Array(bytes);
    case 'float16': {
      const half = new Uint16Array(bytes);
      const target = new Float32Array(half.length);
      float16ToFloat32(half, target);
      return target;
    }
    case 'float64':
      return Float32Array.from(new Float64Array(bytes));
    case 'int16':
      return Float32Array.from(new Int16Array(bytes));
    case 'int32':
      return Float32Array.from(new Int32Array(bytes));
    case 'int64':
      return Float32Array.from(new BigInt64Array(bytes), Number);
  }
}

/** Whole numbers as int64; undefined when a value of a float type is none. */
export function decodeIntegers(bytes: ArrayBuffer, type: NumberType): BigInt64Array | undefined {
  if (type === 'int64') return new BigInt64Array(bytes);
  const values = decodeFloats(bytes, type);
  return values.every(Number.isInteger) ? BigInt64Array.from(values, BigInt) : undefined;
}

/** How features are written in a file. */
export interface FeatureLayout {
  readonly type: 'float16' | 'float32' | 'float64';
  readonly featureSize: number;
}

const FLOATS = ['float32', 'float16', 'float64'] as const;

/**
 * How the features of some rows are written. Of the types that make whole numbers of values of a box's bytes, those remain
 * whose values a detector can have made; 2048 values decide between them, then the documented type, float32.
 *
 * @param samples rows with equally many bytes a box
 * @param wantedSize the values of a region that the user states
 * @returns a sentence when no type fits, or several would and none is the documented one
 */
export function chooseFeatureLayout(
  samples: readonly FieldSample[],
  range: FeatureRange = DETECTOR_RANGE,
  wantedSize?: number,
): FeatureLayout | string {
  const [first] = samples;
  if (first === undefined) return 'there are no rows to tell the number type from.';
  const boxBytes = first.bytes.byteLength / first.numBoxes;
  const readings = FLOATS.map((type) => ({ type, featureSize: boxBytes / NUMBER_TYPES[type] })).filter(
    ({ featureSize }) => Number.isInteger(featureSize) && featureSize >= 1,
  );
  if (wantedSize !== undefined) {
    const wanted = readings.find(({ featureSize }) => featureSize === wantedSize);
    return (
      wanted ??
      `features take ${boxBytes} bytes for each box, which are not ${wantedSize} values of any type: ${list(readings)}.`
    );
  }
  const published = readings.find(({ featureSize }) => featureSize === PUBLISHED_FEATURE_SIZE);
  const problems = readings.map((reading) =>
    mostProblem(
      samples.map(({ bytes }) => findReadingProblem(valuesOf(bytes, reading.type), reading.type, range)),
    ),
  );
  const sound = readings.filter((_, i) => problems[i] === undefined);
  const chosen =
    sound.find((reading) => reading === published) ??
    (sound.length === 1 ? sound[0] : sound.find(({ type }) => type === 'float32'));
  if (chosen !== undefined) return chosen;
  if (sound.length > 1) return `features may be ${list(sound)}: state the size with --feature-size.`;
  const at = readings.indexOf(published ?? (readings[0] as FeatureLayout));
  return `${problems[Math.max(at, 0)] ?? `features take ${boxBytes} bytes for each box.`}${swapped(samples, range)}`;
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
    return `features of type ${type} would all lie below ${LEAST_MAXIMUM}.`;
  return findSummaryProblem(found, range);
}

/** What is wrong with most rows; a few damaged ones are told when they are read. */
function mostProblem(problems: readonly (string | undefined)[]): string | undefined {
  const found = problems.filter((problem) => problem !== undefined);
  return 2 * found.length > problems.length ? found[0] : undefined;
}

/** Bytes in the other order are a likely cause that numbers show. */
function swapped(samples: readonly FieldSample[], range: FeatureRange): string {
  const [first] = samples;
  if (first === undefined || first.bytes.byteLength % 4 !== 0) return '';
  const bytes = Buffer.from(first.bytes.slice(0)).swap32();
  const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  return findValueProblem(values.slice(), range) === undefined
    ? " With the bytes of each number in the other order they would be sound: write them little-endian (NumPy's '<f4')."
    : '';
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
  const isInt = ofWidth(samples, width, valuesPerBox).every(({ bytes }) => {
    const { min, max, numZeros, numValues } = summarizeValues(
      float === 'float64' ? new Float64Array(bytes) : decodeFloats(bytes, float),
    );
    return numZeros < numValues && min >= 0 && max < (float === 'float16' ? 1e-4 : 1e-30);
  });
  return isInt && float !== 'float16' ? int : float;
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
