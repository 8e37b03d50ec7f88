/** @file Datasets of an HDF5 file as a format asks for them: by name, with shape and number type checked. */

import { LxmertError } from '../../../common/errors.js';
import { type Hdf5Dataset, Hdf5Group } from '../../../formats/hdf5/index.js';
import {
  floatsOf as decodeFloats,
  integersOf as decodeIntegers,
  type NumberArray,
} from '../../../formats/numberArray.js';

/** What a dataset must be. Sides are numbers, or names such as `n` that stand for any. */
export interface WantedDataset {
  readonly sides: readonly (number | string)[];
  readonly numbers: 'floats' | 'integers' | 'numbers';
}

const FLOATS: ReadonlySet<string> = new Set(['float16', 'float32', 'float64']);

/** Undefined when there is no such member. @throws LxmertError for one of another shape or type */
export function findDataset(group: Hdf5Group, name: string, wanted: WantedDataset): Hdf5Dataset | undefined {
  const member = group.get(name);
  if (member === undefined) return undefined;
  if (member instanceof Hdf5Group)
    throw new LxmertError(`${name} should be ${describeWanted(wanted)}; it is a group.`);
  const { shape, type } = member;
  // A single value may stand in a list of one.
  const isOne = wanted.sides.length === 0 && shape.every((side) => side === 1);
  const fits =
    isOne ||
    (shape.length === wanted.sides.length &&
      wanted.sides.every((side, i) => typeof side === 'string' || side === shape[i]));
  const isFloat = FLOATS.has(type.name);
  const isRight =
    type.name !== 'other' && (wanted.numbers === 'numbers' || isFloat === (wanted.numbers === 'floats'));
  if (!fits || !isRight)
    throw new LxmertError(`${name} should be ${describeWanted(wanted)}; it is ${member.text}.`);
  return member;
}

/** @throws LxmertError when there is no such member, or it is of another shape or type */
export function requireDataset(group: Hdf5Group, name: string, wanted: WantedDataset): Hdf5Dataset {
  const dataset = findDataset(group, name, wanted);
  if (dataset === undefined)
    throw new LxmertError(`there is no ${name}, which should be ${describeWanted(wanted)}.`);
  return dataset;
}

function describeWanted({ sides, numbers }: WantedDataset): string {
  const types = { floats: 'floats', integers: 'whole numbers', numbers: 'numbers' }[numbers];
  return sides.length === 0 ? `one of ${types}` : `${types} of ${sides.join(' x ')}`;
}

/** Rows of a dataset as float32. */
export function floatsOf(dataset: Hdf5Dataset, first?: number, count?: number): Float32Array {
  return decodeFloats(rowsOf(dataset, first, count));
}

/** Rows of a dataset as whole numbers. @throws LxmertError for numbers that are not whole */
export function integersOf(dataset: Hdf5Dataset, first?: number, count?: number): BigInt64Array {
  const values = decodeIntegers(rowsOf(dataset, first, count));
  if (values === undefined)
    throw new LxmertError(`${dataset.name} should hold whole numbers; it holds numbers that are not whole.`);
  return values;
}

function rowsOf(dataset: Hdf5Dataset, first?: number, count?: number): NumberArray {
  const bytes = new Uint8Array(dataset.readRows(first, count));
  const { name: type, size } = dataset.type;
  if (type === 'other') throw new LxmertError(`${dataset.name} should hold numbers; it is ${dataset.text}.`);
  return { type, shape: [bytes.length / size], bytes };
}

/** A single number. */
export function numberOf(dataset: Hdf5Dataset): number {
  return Number(floatsOrIntegers(dataset)[0]);
}

function floatsOrIntegers(dataset: Hdf5Dataset): ArrayLike<number | bigint> {
  return FLOATS.has(dataset.type.name) ? floatsOf(dataset, 0, 1) : integersOf(dataset, 0, 1);
}
