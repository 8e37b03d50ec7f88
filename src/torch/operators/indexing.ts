/** @file Operators that pick or place elements by index. Indices are int64 (int32 where stated). */

import type { Tensor } from '../tensor.js';
import { operator } from './operator.js';

/** Rows (or another dimension) of `self` by an int32 or int64 index. */
export const indexSelect =
  operator<(self: Tensor, dim: number, index: Tensor) => Tensor>('aten::index_select');
export const gather = operator<(self: Tensor, dim: number, index: Tensor) => Tensor>('aten::gather');
/** Advanced indexing: one index tensor, or null, for each leading dimension. */
export const index =
  operator<(self: Tensor, indices: readonly (Tensor | null)[]) => Tensor>('aten::index.Tensor');
/** `self` with self[index] = source along `dim`. */
export const indexCopy =
  operator<(self: Tensor, dim: number, index: Tensor, source: Tensor) => Tensor>('aten::index_copy');
/** In place: self[index] = values along `dim`. */
export const indexCopy_ =
  operator<(self: Tensor, dim: number, index: Tensor, source: Tensor) => Tensor>('aten::index_copy_');
/** In place: self[index] += alpha * source along `dim`. */
export const indexAdd_ =
  operator<(self: Tensor, dim: number, index: Tensor, source: Tensor, alpha?: number) => Tensor>(
    'aten::index_add_',
  );
export const scatter_ =
  operator<(self: Tensor, dim: number, index: Tensor, source: Tensor) => Tensor>('aten::scatter_.src');
export const nonzero = operator<(self: Tensor) => Tensor>('aten::nonzero');
export const maskedSelect = operator<(self: Tensor, mask: Tensor) => Tensor>('aten::masked_select');
/** Rows of `weight`; the row `paddingIndex` gets no gradient. */
export const embedding =
  operator<(weight: Tensor, indices: Tensor, paddingIndex?: number) => Tensor>('aten::embedding');
