/** @file The allow-list for pickled NumPy arrays: the names that NumPy 1 and 2 use, and the plain data they stand for. */

import { countElements, type ElementType, elementSize } from '../tensorEntry.js';
import { PickleError } from './error.js';
import { orderedDict, sequence, wholeNumber } from './torchGlobals.js';
import {
  describeValue,
  PickleByteRange,
  type PickleGlobal,
  PickleStateful,
  type PickleValue,
} from './values.js';

/** The bytes of an array: kept when short, else where they lie in the file. */
export type ArrayBytes = Uint8Array | PickleByteRange;

/** NumPy's codes of the element types that a tensor can have. */
const elementTypes: ReadonlyMap<string, ElementType> = new Map([
  ['f8', 'float64'],
  ['f4', 'float32'],
  ['f2', 'float16'],
  ['i8', 'int64'],
  ['i4', 'int32'],
  ['i2', 'int16'],
  ['i1', 'int8'],
  ['u1', 'uint8'],
  ['b1', 'bool'],
]);

/** numpy.dtype: the type's code comes first, the byte order after it. */
class NumpyType extends PickleStateful {
  override readonly kind = 'NumPy element type';
  #isBigEndian: boolean;

  constructor(private readonly code: string) {
    super();
    this.#isBigEndian = code.startsWith('>');
  }

  /** (version, byte order, subtype, names, fields, ...) */
  override setState(state: PickleValue): void {
    const [, order, ...structure] = sequence(state, 'the state of a NumPy type');
    if (structure.slice(0, 3).some((part) => part !== null && part !== undefined)) {
      throw new PickleError('it has an array of records, not of numbers');
    }
    this.#isBigEndian = order === '>';
  }

  /** Whether the elements are Python objects. */
  get isObject(): boolean {
    return /^[|<>=]?O\d*$/.test(this.code);
  }

  /** Where the elements are texts, how they are written and how many bytes each has. */
  get text(): { readonly isUnicode: boolean; readonly numBytes: number } | undefined {
    const [, kind, count] = /^[|<>=]?([US])(\d{1,6})$/.exec(this.code) ?? [];
    if (kind === undefined || this.#isBigEndian) return undefined;
    return { isUnicode: kind === 'U', numBytes: Number(count) * (kind === 'U' ? 4 : 1) };
  }

  /** @throws PickleError when no tensor can have such elements */
  get elementType(): ElementType {
    const dtype = elementTypes.get(this.code.replace(/^[<>=|]/, ''));
    if (dtype === undefined) {
      throw new PickleError(
        `it has an array with elements of NumPy's type ${this.code.slice(0, 20)}; ${[...elementTypes.keys()].join(', ')} can be read`,
      );
    }
    if (this.#isBigEndian && elementSize(dtype) > 1) {
      throw new PickleError(
        'it has an array written on a big-endian machine; save it again as little-endian (array.astype("<f4"))',
      );
    }
    return dtype;
  }
}

/** What makes a NumPy array: set once, by BUILD or at once. */
export class NumpyArray extends PickleStateful {
  override readonly kind = 'NumPy array';
  #content: { dtype: ElementType; shape: number[]; isFortran: boolean; data: ArrayBytes } | undefined;
  #type: NumpyType | undefined;
  #items: readonly PickleValue[] | undefined;
  #numDimensions = 0;

  /** @throws PickleError for an array that was announced and never filled, or of other elements than numbers */
  get content(): { dtype: ElementType; shape: readonly number[]; isFortran: boolean; data: ArrayBytes } {
    // Of texts and objects the type says why not.
    void this.#type?.elementType;
    if (this.#content === undefined) throw new PickleError('it has an array without a shape and values');
    return this.#content;
  }

  /** The elements in their order where they are texts or Python objects; undefined for numbers. */
  get items(): readonly PickleValue[] | undefined {
    return this.#items;
  }

  get numDimensions(): number {
    return this.#numDimensions;
  }

  /** (version, shape, type, is Fortran's order, data); the first files had no version. */
  override setState(state: PickleValue): void {
    const parts = sequence(state, 'the state of a NumPy array');
    const [shape, type, isFortran, data] = parts.length === 5 ? parts.slice(1) : parts;
    this.fill(shape, type, isFortran === true || isFortran === 1, data);
  }

  fill(
    shape: PickleValue | undefined,
    type: PickleValue | undefined,
    isFortran: boolean,
    data: PickleValue | undefined,
  ): void {
    if (!(type instanceof NumpyType)) throw new PickleError(`it has an array of ${describeValue(type)}`);
    const sizes = sequence(shape, "an array's shape").map((size) => wholeNumber(size, "an array's shape"));
    this.#numDimensions = sizes.length;
    this.#items = readItems(type, countElements(sizes), data);
    this.#type = type;
    if (this.#items !== undefined) return;
    const dtype = type.elementType;
    const bytes = readBytes(data);
    const expected = countElements(sizes) * elementSize(dtype);
    // How many bytes a text stands for is known only when it is decoded; a character has one byte or two.
    const isText = bytes instanceof PickleByteRange && bytes.encoding === 'utf8';
    const fits = isText
      ? bytes.length >= expected && bytes.length <= 2 * expected
      : bytes.length === expected;
    if (!fits) {
      throw new PickleError(
        `it has an array of shape (${sizes.join(', ')}) and type ${dtype} with ${bytes.length} bytes instead of ${expected}`,
      );
    }
    this.#content = { dtype, shape: sizes, isFortran, data: bytes };
  }
}

/** Elements that are Python objects, as the list of them, or texts; undefined for a type of numbers. */
function readItems(
  type: NumpyType,
  count: number,
  data: PickleValue | undefined,
): readonly PickleValue[] | undefined {
  if (type.isObject) {
    if (Array.isArray(data) && data.length === count) return data;
    throw new PickleError(`it has an array of ${count} objects whose values are ${describeValue(data)}`);
  }
  const { text } = type;
  if (text === undefined) return undefined;
  const bytes = readBytes(data);
  if (bytes instanceof PickleByteRange || bytes.length !== count * text.numBytes)
    throw new PickleError(`it has ${bytes.length} bytes of texts instead of ${count * text.numBytes}`);
  return Array.from({ length: count }, (_, i) =>
    readText(bytes.subarray(i * text.numBytes, (i + 1) * text.numBytes), text),
  );
}

/** A text that NumPy filled up with zeros: UTF-32, or bytes. */
function readText(bytes: Uint8Array, { isUnicode }: { readonly isUnicode: boolean }): string {
  const codes = isUnicode ? Array.from(new Uint32Array(Uint8Array.from(bytes).buffer)) : Array.from(bytes);
  return codes
    .map((code) => (code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd'))
    .join('')
    .replace(/\0+$/, '');
}

/** Bytes, or a string of Python 2 with one character for each byte. */
function readBytes(value: PickleValue | undefined): ArrayBytes {
  if (value instanceof Uint8Array || value instanceof PickleByteRange) return value;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the class is "the characters that stand for bytes".
  if (typeof value === 'string' && /^[\x00-\xff]*$/.test(value)) {
    return Uint8Array.from(Buffer.from(value, 'latin1'));
  }
  throw new PickleError(`it has an array whose values are ${describeValue(value)}`);
}

/** _reconstruct(numpy.ndarray, (0,), b'b') makes an array that BUILD fills. */
function reconstruct(): PickleValue {
  return new NumpyArray();
}

/** dtype('f4', align, copy) */
function makeType([code]: readonly PickleValue[]): PickleValue {
  if (typeof code === 'string') return new NumpyType(code);
  throw new PickleError(`it has a NumPy type named ${describeValue(code)}`);
}

/** scalar(type, bytes): a number of NumPy's, which is an array of no dimensions here. */
function makeScalar([type, data]: readonly PickleValue[]): PickleValue {
  const array = new NumpyArray();
  array.fill([], type, false, data);
  return array;
}

/** _frombuffer(bytes, type, shape, order): how protocol 5 writes an array. */
function fromBuffer([data, type, shape, order]: readonly PickleValue[]): PickleValue {
  const array = new NumpyArray();
  array.fill(shape, type, order === 'F', data);
  return array;
}

/** codecs.encode(text, 'latin1'): how Python 3 writes bytes in protocol 2. */
function encodeLatin1([text, encoding]: readonly PickleValue[]): PickleValue {
  if (encoding !== 'latin1') throw new PickleError(`it encodes a text as ${describeValue(encoding)}`);
  return readBytes(text);
}

/** bytes(): how Python 3 writes empty bytes in protocol 2. */
function emptyBytes(args: readonly PickleValue[]): PickleValue {
  if (args.length === 0) return new Uint8Array(0);
  throw new PickleError('it makes bytes from other values');
}

type Construct = (args: readonly PickleValue[]) => PickleValue;

const names: ReadonlyArray<readonly [string, string, Construct?]> = [
  ['numpy', 'ndarray'],
  ['numpy', 'dtype', makeType],
  ['numpy.core.multiarray', '_reconstruct', reconstruct],
  ['numpy._core.multiarray', '_reconstruct', reconstruct],
  ['numpy.core.multiarray', 'scalar', makeScalar],
  ['numpy._core.multiarray', 'scalar', makeScalar],
  ['numpy.core.numeric', '_frombuffer', fromBuffer],
  ['numpy._core.numeric', '_frombuffer', fromBuffer],
  ['_codecs', 'encode', encodeLatin1],
  ['__builtin__', 'bytes', emptyBytes],
  ['builtins', 'bytes', emptyBytes],
  ['collections', 'OrderedDict', orderedDict],
];

const allowed = new Map<string, PickleGlobal>(
  names.map(([module, name, construct]) => [
    `${module} ${name}`,
    { globalName: `${module}.${name}`, ...(construct === undefined ? {} : { construct }) },
  ]),
);

/** The allowed class or function of that name, or undefined. */
export function findNumpyGlobal(module: string, name: string): PickleGlobal | undefined {
  return allowed.get(`${module} ${name}`);
}
