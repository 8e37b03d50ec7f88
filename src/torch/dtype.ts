/** @file Element types, their sizes, and the typed arrays that hold them. */

/** The element types in use, by libtorch's names. */
export const DTYPES = [
  'float32',
  'float64',
  'float16',
  'bfloat16',
  'int64',
  'int32',
  'int16',
  'int8',
  'uint8',
  'bool',
] as const;

/** An element type, by the name that PyTorch gives it. */
export type DType = (typeof DTYPES)[number];

/** `cpu`, `cuda` or `cuda:1`; the last is libtorch's name for a device that a program adds to it by itself. */
export type Device = 'cpu' | 'cuda' | `cuda:${number}` | `privateuseone:${number}`;

/** Typed arrays that a tensor can be made over or read into; 16-bit floats are their raw bits. */
export type TypedArray =
  | Float32Array
  | Float64Array
  | BigInt64Array
  | Int32Array
  | Int16Array
  | Int8Array
  | Uint8Array
  | Uint16Array;

const BYTES: Record<DType, number> = {
  float32: 4,
  float64: 8,
  float16: 2,
  bfloat16: 2,
  int64: 8,
  int32: 4,
  int16: 2,
  int8: 1,
  uint8: 1,
  bool: 1,
};

/** Bytes of one element. */
export function bytesOf(dtype: DType): number {
  return BYTES[dtype];
}

/** True for floats of any width. */
export function isFloating(dtype: DType): boolean {
  return dtype === 'float32' || dtype === 'float64' || dtype === 'float16' || dtype === 'bfloat16';
}

/** The element type that a typed array stands for when none is named; raw 16-bit words stand for none. */
export function dtypeOf(array: TypedArray): DType {
  if (array instanceof Float32Array) return 'float32';
  if (array instanceof Float64Array) return 'float64';
  if (array instanceof BigInt64Array) return 'int64';
  if (array instanceof Int32Array) return 'int32';
  if (array instanceof Int16Array) return 'int16';
  if (array instanceof Int8Array) return 'int8';
  if (array instanceof Uint8Array) return 'uint8';
  throw new TypeError("A Uint16Array holds raw bits: name its dtype, 'float16' or 'bfloat16'.");
}
