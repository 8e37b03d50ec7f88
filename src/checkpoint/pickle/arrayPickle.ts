/** @file A pickle of plain data and NumPy arrays, as programs write features; whatever else it asks for is refused. */

import { type NumberArray, transposed } from '../../formats/numberArray.js';
import { countElements, elementSize } from '../tensorEntry.js';
import { convertContainers } from './containers.js';
import { PickleError } from './error.js';
import { type PickleEnvironment, readPickle } from './interpreter.js';
import { findNumpyGlobal, NumpyArray } from './numpyGlobals.js';
import { PickleSource } from './source.js';
import { describeValue, PickleByteRange, PickleSet } from './values.js';

/**
 * What such a pickle holds. Lists, tuples, sets and arrays of objects are arrays, dicts are maps in their order; a number of
 * NumPy's is an array of no dimensions, an array of one object (shape `()`) that object.
 */
export type DataValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | NumberArray
  | readonly DataValue[]
  | ReadonlyMap<DataValue, DataValue>;

const environment: PickleEnvironment = {
  hasArrays: true,
  findGlobal: findNumpyGlobal,
  persistentLoad: (id) => {
    throw new PickleError(`it refers to ${describeValue(id)}, which lies outside the file`);
  },
};

/**
 * Reads one pickle, protocols 0 to 5. Nothing of Python runs.
 *
 * @param bytes arrays are views of them where they lie as they are used
 * @throws PickleError when it is damaged, or asks for other objects
 */
export function readArrayPickle(bytes: Uint8Array): DataValue {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return convertContainers<DataValue>(readPickle(PickleSource.of(bytes), environment), (value, convert) => {
    if (value instanceof Uint8Array) return value;
    if (value instanceof PickleSet) return Array.from(value.items, convert);
    if (value instanceof PickleByteRange) {
      const raw = rawBytes(file, value);
      return value.encoding === 'utf8' ? raw.toString('utf8') : raw;
    }
    if (!(value instanceof NumpyArray)) throw new PickleError(`it holds ${describeValue(value)}, not data`);
    const { items } = value;
    if (items === undefined) return numberArrayOf(file, value);
    return value.numDimensions === 0 ? convert(items[0] ?? null) : items.map(convert);
  });
}

/** True for an array of numbers among the values of a pickle. */
export function isNumberArray(value: DataValue | undefined): value is NumberArray {
  return typeof value === 'object' && value !== null && 'shape' in value;
}

function rawBytes(file: Buffer, { start, length }: PickleByteRange): Buffer {
  return file.subarray(start, start + length);
}

function numberArrayOf(
  file: Buffer,
  { content: { dtype, shape, isFortran, data } }: NumpyArray,
): NumberArray {
  const bytes =
    data instanceof Uint8Array
      ? data
      : data.encoding === 'raw'
        ? rawBytes(file, data)
        : Buffer.from(rawBytes(file, data).toString('utf8'), 'latin1');
  const expected = countElements(shape) * elementSize(dtype);
  if (bytes.length !== expected)
    throw new PickleError(`it has an array with ${bytes.length} bytes instead of ${expected}`);
  const isReversed = isFortran && shape.filter((size) => size !== 1).length > 1;
  if (!isReversed) return { type: dtype, shape, bytes };
  if (shape.length > 2)
    throw new PickleError("it has an array of more than two dimensions in Fortran's order");
  return transposed({ type: dtype, shape: [...shape].reverse(), bytes });
}
