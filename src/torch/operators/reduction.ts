/** @file Operators that make fewer elements out of many. */

import type { DType } from '../dtype.js';
import type { Tensor } from '../tensor.js';
import { operator } from './operator.js';

const sumAll = operator<(self: Tensor, dtype?: DType) => Tensor>('aten::sum');
const sumDims =
  operator<(self: Tensor, dims: readonly number[], keepDim: boolean, dtype?: DType) => Tensor>(
    'aten::sum.dim_IntList',
  );
const meanAll = operator<(self: Tensor, dtype?: DType) => Tensor>('aten::mean');
const meanDims =
  operator<(self: Tensor, dims: readonly number[], keepDim: boolean, dtype?: DType) => Tensor>(
    'aten::mean.dim',
  );

/** Over all elements, or over `dims`. */
export const sum = (self: Tensor, dims?: readonly number[], keepDim = false): Tensor =>
  dims === undefined ? sumAll(self) : sumDims(self, dims, keepDim);
/** Over all elements, or over `dims`. */
export const mean = (self: Tensor, dims?: readonly number[], keepDim = false): Tensor =>
  dims === undefined ? meanAll(self) : meanDims(self, dims, keepDim);

const vectorNormOperator =
  operator<(self: Tensor, order: number, dims: null, keepDim: boolean, dtype: DType) => Tensor>(
    'aten::linalg_vector_norm',
  );

/** The smallest and the largest of all elements in one pass; NaN when an element is. */
export const aminmax = operator<(self: Tensor) => [Tensor, Tensor]>('aten::aminmax');
export const max = operator<(self: Tensor) => Tensor>('aten::max');
export const min = operator<(self: Tensor) => Tensor>('aten::min');
/** Largest values over a dimension and where they are. */
/** Largest values along dimensions. */
export const amax =
  operator<(self: Tensor, dims: readonly number[], keepDim?: boolean) => Tensor>('aten::amax');
export const maxDim =
  operator<(self: Tensor, dim: number, keepDim?: boolean) => [Tensor, Tensor]>('aten::max.dim');
/** Index of the largest element over a dimension; the first one among equals on the CPU. */
export const argmax =
  operator<(self: Tensor, dim: number | null, keepDim?: boolean) => Tensor>('aten::argmax');
/** The k largest over a dimension, sorted: values and indices. */
export const topk =
  operator<(self: Tensor, k: number, dim?: number, largest?: boolean, sorted?: boolean) => [Tensor, Tensor]>(
    'aten::topk',
  );
export const all = operator<(self: Tensor) => Tensor>('aten::all');
export const any = operator<(self: Tensor) => Tensor>('aten::any');
export const cumsum = operator<(self: Tensor, dim: number, dtype?: DType) => Tensor>('aten::cumsum');
/** The Euclidean norm of all elements, summed up and given in `dtype`. */
export const vectorNorm = (self: Tensor, dtype: DType): Tensor =>
  vectorNormOperator(self, 2, null, false, dtype);
export const allclose =
  operator<(self: Tensor, other: Tensor, relative?: number, absolute?: number) => boolean>('aten::allclose');
export const equal = operator<(self: Tensor, other: Tensor) => boolean>('aten::equal');
