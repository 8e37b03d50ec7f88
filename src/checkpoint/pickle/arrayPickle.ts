/** @file A pickle of plain data and NumPy arrays, as programs write features; whatever else it asks for is refused. */

import type { NumberArray } from '../../formats/numberArray.js';
import { transposed } from '../../formats/numberArray.js';
import { countElements, elementSize } from '../tensorEntry.js';
import { PickleError } from './error.js';
import { type PickleEnvironment, readPickle } from './interpreter.js';
import { findNumpyGlobal, NumpyArray } from './numpyGlobals.js';
import { PickleSource } from './source.js';
import { pickleLimits } from './stack.js';
import {
  describeValue,
  PickleByteRange,
  PickleDict,
  PickleSet,
  PickleTuple,
  type PickleValue,
} from './values.js';

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

/** Lists in lists; a list that holds itself ends here too. */
const MAX_DEPTH = 16;

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
  const value = readPickle(PickleSource.of(bytes), environment);
  return new Converter(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)).convert(
    value,
    MAX_DEPTH,
  );
}

/** True for an array of numbers among the values of a pickle. */
export function isNumberArray(value: DataValue | undefined): value is NumberArray {
  return typeof value === 'object' && value !== null && 'shape' in value;
}

class Converter {
  #numValues = 0;

  constructor(private readonly bytes: Buffer) {}

  convert(value: PickleValue, depth: number): DataValue {
    // Lists that hold one list many times, level by level, are few values in the pickle and too many here.
    if (++this.#numValues > pickleLimits.values)
      throw new PickleError(`it holds more than ${pickleLimits.values} values`);
    if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value;
    if (depth === 0) throw new PickleError(`its lists are nested more than ${MAX_DEPTH} deep`);
    const all = (items: Iterable<PickleValue>) => Array.from(items, (item) => this.convert(item, depth - 1));
    if (Array.isArray(value)) return all(value);
    if (value instanceof PickleTuple || value instanceof PickleSet) return all(value.items);
    if (value instanceof PickleDict)
      return new Map(
        [...value.entries].map(([key, item]) => [
          this.convert(key, depth - 1),
          this.convert(item, depth - 1),
        ]),
      );
    if (value instanceof PickleByteRange)
      return value.encoding === 'utf8' ? this.#raw(value).toString('utf8') : this.#raw(value);
    if (!(value instanceof NumpyArray)) throw new PickleError(`it holds ${describeValue(value)}, not data`);
    const { items } = value;
    if (items === undefined) return this.#array(value);
    return value.numDimensions === 0 ? this.convert(items[0] ?? null, depth - 1) : all(items);
  }

  #raw({ start, length }: PickleByteRange): Buffer {
    return this.bytes.subarray(start, start + length);
  }

  #array({ content: { dtype, shape, isFortran, data } }: NumpyArray): NumberArray {
    const bytes =
      data instanceof Uint8Array
        ? data
        : data.encoding === 'raw'
          ? this.#raw(data)
          : Buffer.from(this.#raw(data).toString('utf8'), 'latin1');
    const expected = countElements(shape) * elementSize(dtype);
    if (bytes.length !== expected)
      throw new PickleError(`it has an array with ${bytes.length} bytes instead of ${expected}`);
    const isReversed = isFortran && shape.filter((size) => size !== 1).length > 1;
    if (!isReversed) return { type: dtype, shape, bytes };
    if (shape.length > 2)
      throw new PickleError("it has an array of more than two dimensions in Fortran's order");
    return transposed({ type: dtype, shape: [...shape].reverse(), bytes });
  }
}
