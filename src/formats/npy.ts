/** @file NumPy's array files (.npy, format versions 1 to 3): a header that names type, order and shape, then the values. */

import {
  byteSwapped,
  countOf,
  ELEMENT_BYTES,
  type NumberArray,
  type NumberElement,
  transposed,
} from './numberArray.js';

/** What is wrong with a .npy file; the message is a phrase to end a sentence with. */
export class NpyFault extends Error {}

/** What a header says. */
export interface NpyHeader {
  /** NumPy's code, such as `<f4`; `|O` for Python objects, which follow as one pickle. */
  readonly descr: string;
  readonly isFortran: boolean;
  readonly shape: readonly number[];
  /** Where the values begin. */
  readonly dataStart: number;
}

const MAGIC = '\x93NUMPY';
/** Headers of numbers take 128 bytes; those of records may be longer, and are not read here. */
const MAX_HEADER_BYTES = 1 << 16;
const MAX_DIMENSIONS = 32;

/** NumPy's codes without their byte order. */
const ELEMENTS: ReadonlyMap<string, NumberElement> = new Map([
  ['f2', 'float16'],
  ['f4', 'float32'],
  ['f8', 'float64'],
  ['i1', 'int8'],
  ['i2', 'int16'],
  ['i4', 'int32'],
  ['i8', 'int64'],
  ['u1', 'uint8'],
  ['u2', 'uint16'],
  ['u4', 'uint32'],
  ['u8', 'uint64'],
  ['b1', 'bool'],
]);

/** Reads the header at the beginning of `bytes`. @throws NpyFault */
export function readNpyHeader(bytes: Uint8Array): NpyHeader {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file.toString('latin1', 0, 6) !== MAGIC) throw new NpyFault('it does not begin as a .npy file does');
  const version = file[6] ?? 0;
  if (!(version >= 1 && version <= 3))
    throw new NpyFault(`its format version is ${version}; 1 to 3 are read`);
  const lengthBytes = version === 1 ? 2 : 4;
  const textStart = 8 + lengthBytes;
  if (file.length < textStart) throw new NpyFault('it ends inside its header');
  const length = file.readUIntLE(8, lengthBytes);
  if (length > MAX_HEADER_BYTES) throw new NpyFault(`its header has ${length} bytes`);
  if (file.length < textStart + length) throw new NpyFault('it ends inside its header');
  const text = file.toString(version === 3 ? 'utf8' : 'latin1', textStart, textStart + length);
  return { ...parseHeader(text), dataStart: textStart + length };
}

/** A Python dictionary of three fixed keys, in whatever order. */
function parseHeader(text: string): Omit<NpyHeader, 'dataStart'> {
  const body = /^\s*\{(.*)\}\s*$/s.exec(text)?.[1];
  const descr = /'descr'\s*:\s*(?:'([^']*)'|(\[))/.exec(body ?? '');
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(body ?? '')?.[1];
  const sizes = /'shape'\s*:\s*\(([\d\sL,]*)\)/.exec(body ?? '')?.[1];
  if (descr?.[2] !== undefined) throw new NpyFault('it holds records, not an array of numbers');
  if (descr?.[1] === undefined || order === undefined || sizes === undefined)
    throw new NpyFault('its header is not the one of an array');
  const shape = sizes
    .split(',')
    .map((size) => size.trim().replace(/L$/, ''))
    .filter((size) => size !== '')
    .map(Number);
  if (shape.length > MAX_DIMENSIONS || Number.isNaN(countOf(shape)))
    throw new NpyFault(`its shape (${sizes.slice(0, 100)}) is impossible`);
  return { descr: descr[1], isFortran: order === 'True', shape };
}

/** Whether a header's values are Python objects. */
export function isObjectArray({ descr }: NpyHeader): boolean {
  return /^[|<>=]?O/.test(descr);
}

/**
 * The array in a whole .npy file.
 *
 * @returns little-endian and row-major, a view of `bytes` where the file is so already
 * @throws NpyFault for anything but an array of numbers of exactly its header's size
 */
export function readNpy(bytes: Uint8Array): NumberArray {
  const { descr, isFortran, shape, dataStart } = readNpyHeader(bytes);
  const data = bytes.subarray(dataStart);
  if (!isFortran || shape.filter((size) => size !== 1).length <= 1) return readNumbers(descr, shape, data);
  if (shape.length > 2) throw new NpyFault(`it is in Fortran's order and has ${shape.length} dimensions`);
  // There the first index runs fastest: the bytes of the transpose in row-major order.
  return transposed(readNumbers(descr, [...shape].reverse(), data));
}

/**
 * Row-major numbers of one of NumPy's types.
 *
 * @param descr its code, such as `<f4`
 * @throws NpyFault for elements that are no numbers, and for another number of bytes than the shape has
 */
export function readNumbers(descr: string, shape: readonly number[], bytes: Uint8Array): NumberArray {
  const type = ELEMENTS.get(descr.replace(/^[<>=|]/, ''));
  if (type === undefined)
    throw new NpyFault(`its elements are of NumPy's type ${JSON.stringify(descr.slice(0, 20))}, not numbers`);
  const width = ELEMENT_BYTES[type];
  const expected = countOf(shape) * width;
  if (bytes.length !== expected)
    throw new NpyFault(
      `an array of shape (${shape.join(', ')}) and type ${descr} takes ${expected} bytes, and ${bytes.length} are there`,
    );
  return { type, shape, bytes: descr.startsWith('>') && width > 1 ? byteSwapped(bytes, width) : bytes };
}
