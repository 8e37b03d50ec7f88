/** @file Operators that change how elements are arranged; most return views of the same memory. */

import type { DType } from '../dtype.js';
import type { Tensor } from '../tensor.js';
import { operator } from './operator.js';

/** Another shape of the same memory; one size may be -1. */
export const view = operator<(self: Tensor, size: readonly number[]) => Tensor>('aten::view');
/** The same memory read as another dtype. */
export const viewDType = operator<(self: Tensor, dtype: DType) => Tensor>('aten::view.dtype');
/** Like view, but copies where the memory does not allow it. */
export const reshape = operator<(self: Tensor, shape: readonly number[]) => Tensor>('aten::reshape');
export const flatten =
  operator<(self: Tensor, startDim?: number, endDim?: number) => Tensor>('aten::flatten.using_ints');
export const transpose =
  operator<(self: Tensor, dim0: number, dim1: number) => Tensor>('aten::transpose.int');
export const permute = operator<(self: Tensor, dims: readonly number[]) => Tensor>('aten::permute');
export const unsqueeze = operator<(self: Tensor, dim: number) => Tensor>('aten::unsqueeze');
export const squeeze = operator<(self: Tensor, dim: number) => Tensor>('aten::squeeze.dim');
export const expand = operator<(self: Tensor, size: readonly number[]) => Tensor>('aten::expand');
export const contiguous = operator<(self: Tensor) => Tensor>('aten::contiguous');
/** `length` elements of a dimension from `start` on. */
export const narrow =
  operator<(self: Tensor, dim: number, start: number, length: number) => Tensor>('aten::narrow');
/** One element of a dimension; the dimension goes. */
export const select = operator<(self: Tensor, dim: number, index: number) => Tensor>('aten::select.int');
export const slice =
  operator<(self: Tensor, dim: number, start: number | null, end: number | null, step?: number) => Tensor>(
    'aten::slice.Tensor',
  );
export const asStrided =
  operator<(self: Tensor, size: readonly number[], stride: readonly number[], offset?: number) => Tensor>(
    'aten::as_strided',
  );
export const cat = operator<(tensors: readonly Tensor[], dim?: number) => Tensor>('aten::cat');
export const stack = operator<(tensors: readonly Tensor[], dim?: number) => Tensor>('aten::stack');
export const split =
  operator<(self: Tensor, sizes: readonly number[], dim?: number) => Tensor[]>('aten::split_with_sizes');
export const chunk = operator<(self: Tensor, chunks: number, dim?: number) => Tensor[]>('aten::chunk');
export const unbind = operator<(self: Tensor, dim?: number) => Tensor[]>('aten::unbind.int');
/** Adds `value` around the last dimensions: [left, right, top, bottom, ...]. */
export const constantPad =
  operator<(self: Tensor, padding: readonly number[], value?: number) => Tensor>('aten::constant_pad_nd');
export const repeatInterleave = operator<(self: Tensor, repeats: number, dim?: number) => Tensor>(
  'aten::repeat_interleave.self_int',
);
/**
 * Sorted along a dimension, and where each element was; equal ones keep their order if `isStable`, and NaN counts as the
 * largest.
 */
export const sort =
  operator<(self: Tensor, isStable: boolean, dim?: number, descending?: boolean) => [Tensor, Tensor]>(
    'aten::sort.stable',
  );
