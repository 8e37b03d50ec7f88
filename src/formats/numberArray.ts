/** @file An array of numbers as files hold it: element type, shape and bytes. */

import { float16ToFloat32 } from './float16.js';

/** Bytes of one element of each type. */
export const ELEMENT_BYTES = {
  float16: 2,
  bfloat16: 2,
  float32: 4,
  float64: 8,
  int8: 1,
  int16: 2,
  int32: 4,
  int64: 8,
  uint8: 1,
  uint16: 2,
  uint32: 4,
  uint64: 8,
  bool: 1,
} as const;
export type NumberElement = keyof typeof ELEMENT_BYTES;

export interface NumberArray {
  readonly type: NumberElement;
  readonly shape: readonly number[];
  /** Little-endian, row-major, one element after another. */
  readonly bytes: Uint8Array;
}

/** Product of the sizes; NaN when they are no shape or their product is no exact number. */
export function countOf(shape: readonly number[]): number {
  let count = 1;
  for (const size of shape) {
    if (!(Number.isSafeInteger(size) && size >= 0)) return Number.NaN;
    count *= size;
  }
  return Number.isSafeInteger(count) ? count : Number.NaN;
}

/** The values as float32, rounded where the type is wider; a view of the array's own memory where it is float32. */
export function floatsOf(array: NumberArray): Float32Array {
  const { type } = array;
  const count = countOf(array.shape);
  const raw = alignedBytes(array);
  switch (type) {
    case 'float32':
      return new Float32Array(raw.buffer, raw.byteOffset, count);
    case 'float16': {
      const values = new Float32Array(count);
      float16ToFloat32(new Uint16Array(raw.buffer, raw.byteOffset, count), values);
      return values;
    }
    case 'bfloat16': {
      // The upper half of a float32's bits.
      const bits = Uint32Array.from(new Uint16Array(raw.buffer, raw.byteOffset, count), (half) => half << 16);
      return new Float32Array(bits.buffer);
    }
    case 'int64':
      return Float32Array.from(new BigInt64Array(raw.buffer, raw.byteOffset, count), Number);
    case 'uint64':
      return Float32Array.from(new BigUint64Array(raw.buffer, raw.byteOffset, count), Number);
    default:
      return Float32Array.from(viewOf(type, raw, count));
  }
}

/** The values as int64, exactly; undefined when one is not whole, or a float beyond 2^53, where floats are not exact. */
export function integersOf(array: NumberArray): BigInt64Array | undefined {
  const { type } = array;
  const count = countOf(array.shape);
  const raw = alignedBytes(array);
  switch (type) {
    case 'int64':
    case 'uint64':
      return new BigInt64Array(raw.buffer, raw.byteOffset, count);
    case 'float16':
    case 'bfloat16':
    case 'float32':
      return exactly(floatsOf(array));
    default:
      return exactly(viewOf(type, raw, count));
  }
}

function exactly(values: Float32Array | Numbers): BigInt64Array | undefined {
  return values.every(Number.isSafeInteger) ? BigInt64Array.from(values, BigInt) : undefined;
}

type Elements = 'float64' | 'int8' | 'int16' | 'int32' | 'uint8' | 'uint16' | 'uint32' | 'bool';
type Numbers = Float64Array | Int8Array | Int16Array | Int32Array | Uint8Array | Uint16Array | Uint32Array;

function viewOf(type: Elements, { buffer, byteOffset }: Uint8Array, count: number): Numbers {
  switch (type) {
    case 'float64':
      return new Float64Array(buffer, byteOffset, count);
    case 'int8':
      return new Int8Array(buffer, byteOffset, count);
    case 'int16':
      return new Int16Array(buffer, byteOffset, count);
    case 'int32':
      return new Int32Array(buffer, byteOffset, count);
    case 'uint8':
    case 'bool':
      return new Uint8Array(buffer, byteOffset, count);
    case 'uint16':
      return new Uint16Array(buffer, byteOffset, count);
    case 'uint32':
      return new Uint32Array(buffer, byteOffset, count);
  }
}

/** The bytes where numbers may begin; a copy when they lie elsewhere. @throws RangeError when they are not as many as the shape has */
function alignedBytes({ type, shape, bytes }: NumberArray): Uint8Array {
  const expected = countOf(shape) * ELEMENT_BYTES[type];
  if (bytes.length !== expected)
    throw new RangeError(
      `an array of shape (${shape.join(', ')}) and type ${type} has ${bytes.length} bytes`,
    );
  return bytes.byteOffset % ELEMENT_BYTES[type] === 0 ? bytes : new Uint8Array(bytes);
}

/** (rows, columns) as (columns, rows). @throws RangeError for an array of other than two dimensions */
export function transposed({ type, shape, bytes }: NumberArray): NumberArray {
  const [rows, columns] = shape;
  if (shape.length !== 2 || rows === undefined || columns === undefined)
    throw new RangeError(`an array of ${shape.length} dimensions has no transpose here`);
  const width = ELEMENT_BYTES[type];
  const source = alignedBytes({ type, shape, bytes });
  const target = new Uint8Array(source.length);
  const [from, to] = [wordsOf(source, width), wordsOf(target, width)];
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      to[column * rows + row] = from[row * columns + column] as never;
  return { type, shape: [columns, rows], bytes: target };
}

function wordsOf({ buffer, byteOffset, length }: Uint8Array, width: number) {
  switch (width) {
    case 1:
      return new Uint8Array(buffer, byteOffset, length);
    case 2:
      return new Uint16Array(buffer, byteOffset, length / 2);
    case 4:
      return new Uint32Array(buffer, byteOffset, length / 4);
    default:
      return new BigUint64Array(buffer, byteOffset, length / 8);
  }
}

/** The same numbers with the bytes of each in the other order. */
export function byteSwapped(bytes: Uint8Array, width: number): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes);
  swapBytes(Buffer.from(copy.buffer), width);
  return copy;
}

/** Turns the bytes of each number round, in place. */
export function swapBytes(bytes: Buffer, width: number): void {
  if (width === 2) bytes.swap16();
  else if (width === 4) bytes.swap32();
  else if (width === 8) bytes.swap64();
}
