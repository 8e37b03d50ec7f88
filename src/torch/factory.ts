/** @file Tensors from JavaScript's values, from memory it owns, and from files. */

import { LxmertError } from '../common/errors.js';
import { type DType, dtypeOf, type TypedArray } from './dtype.js';
import { native } from './native.js';
import type { MappedAdvice } from './nativeBinding.js';
import { clone, to } from './operators/index.js';
import type { Tensor } from './tensor.js';

/**
 * A new tensor with a copy of `data`. Numbers become float32 unless `dtype` says otherwise; a typed array keeps
 * its own type unless converted. Without `shape` the result has one dimension.
 */
export function tensor(
  data: readonly number[] | TypedArray,
  shape: readonly number[] = [data.length],
  dtype?: DType,
): Tensor {
  if (data instanceof Uint16Array) return cloned(fromTypedArray(data, shape, dtype));
  if (ArrayBuffer.isView(data)) {
    const source = fromTypedArray(data as TypedArray, shape);
    return dtype === undefined || dtype === source.dtype ? cloned(source) : converted(source, dtype);
  }
  // Doubles hold every number exactly; one conversion follows.
  return converted(fromTypedArray(Float64Array.from(data), shape), dtype ?? 'float32');
}

/**
 * A tensor over the array's own memory: changes on one side show on the other, and the array stays alive with
 * the tensor. A Uint16Array needs `dtype` (`float16` or `bfloat16`), a Uint8Array may be `bool`.
 *
 * @throws Error when the shape's product is not the array's length.
 */
export function fromTypedArray(
  array: TypedArray,
  shape: readonly number[] = [array.length],
  dtype?: DType,
): Tensor {
  return native().fromTypedArray(array, shape, dtype ?? dtypeOf(array)) as Tensor;
}

/**
 * A one-dimensional tensor over a region of a file, mapped and not read: pages come from the disk when they are
 * touched, and writes stay in this process. A region whose offset is no multiple of the element size is copied.
 *
 * @param byteOffset where the first element begins
 * @throws Error when the file is missing or ends before the region does.
 */
export function mapFile(file: string, byteOffset: number, numElements: number, dtype: DType): Tensor {
  return native().mapFile(file, byteOffset, numElements, dtype) as Tensor;
}

/**
 * Tells the system how bytes of a mapped tensor will be read. `random`: here and there, so that a touched page brings no
 * neighbours (it would bring megabytes). `willneed`: soon; they are read in the background, many at once.
 */
export function adviseMapped(
  mapped: Tensor,
  advice: MappedAdvice,
  byteOffset: number,
  numBytes: number,
): void {
  native().adviseMapped(mapped, advice, byteOffset, numBytes);
}

/**
 * For whoever has just read a mapped file: a file that was cut short meanwhile, or whose disk or network drive is gone,
 * gives zeros, and the next call of this says so, once.
 *
 * @throws LxmertError that names the file
 */
export function requireMappedFiles(): void {
  const file = native().lostFile();
  if (file === '') return;
  throw new LxmertError(
    `${file} can no longer be read: it was cut short after it was opened, or its disk or network drive is gone. What was just read of it is not used.`,
  );
}

function cloned(source: Tensor): Tensor {
  const result = clone(source);
  source.dispose();
  return result;
}

function converted(source: Tensor, dtype: DType): Tensor {
  const result = source.dtype === dtype ? clone(source) : to(source, dtype);
  source.dispose();
  return result;
}
