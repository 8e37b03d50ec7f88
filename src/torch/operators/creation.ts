/** @file Operators that make tensors from nothing or like another tensor. */

import type { Device, DType } from '../dtype.js';
import type { Tensor } from '../tensor.js';
import { operator } from './operator.js';

/** Of a tensor that is made: float32 on the CPU unless it says otherwise. */
export type CreationOptions = { dtype?: DType; device?: Device };
/** dtype, layout, device, pinMemory: the tail that factories share in libtorch's schemas. */
type FactoryTail = [dtype: DType, layout: null, device: Device, pinMemory: boolean | null];

const emptyOperator =
  operator<(size: readonly number[], ...tail: FactoryTail) => Tensor>('aten::empty.memory_format');
const zerosOperator = operator<(size: readonly number[], ...tail: FactoryTail) => Tensor>('aten::zeros');
const onesOperator = operator<(size: readonly number[], ...tail: FactoryTail) => Tensor>('aten::ones');
const fullOperator =
  operator<(size: readonly number[], value: number, ...tail: FactoryTail) => Tensor>('aten::full');
const arangeOperator =
  operator<(start: number, end: number, step: number, ...tail: FactoryTail) => Tensor>(
    'aten::arange.start_step',
  );
const eyeOperator = operator<(n: number, ...tail: FactoryTail) => Tensor>('aten::eye');
const randOperator = operator<(size: readonly number[], ...tail: FactoryTail) => Tensor>('aten::rand');
const randnOperator = operator<(size: readonly number[], ...tail: FactoryTail) => Tensor>('aten::randn');
const randintOperator =
  operator<(low: number, high: number, size: readonly number[], ...tail: FactoryTail) => Tensor>(
    'aten::randint.low',
  );

function tail({ dtype = 'float32', device = 'cpu' }: CreationOptions): FactoryTail {
  return [dtype, null, device, null];
}

/** Uninitialised. */
export const empty = (size: readonly number[], options: CreationOptions = {}): Tensor =>
  emptyOperator(size, ...tail(options));
/** Uninitialised, in memory of the processor that GPUs read by themselves. Only where libtorch has a GPU. */
export const emptyPinned = (size: readonly number[], dtype: DType): Tensor =>
  emptyOperator(size, dtype, null, 'cpu', true);
export const zeros = (size: readonly number[], options: CreationOptions = {}): Tensor =>
  zerosOperator(size, ...tail(options));
export const ones = (size: readonly number[], options: CreationOptions = {}): Tensor =>
  onesOperator(size, ...tail(options));
export const full = (size: readonly number[], value: number, options: CreationOptions = {}): Tensor =>
  fullOperator(size, value, ...tail(options));
/** start, start + step, ... below `end`; int64 unless said otherwise. */
export const arange = (start: number, end: number, step = 1, options: CreationOptions = {}): Tensor =>
  arangeOperator(start, end, step, ...tail({ dtype: 'int64', ...options }));
/** (n, n): 1 on the diagonal, else 0. */
export const eye = (n: number, options: CreationOptions = {}): Tensor => eyeOperator(n, ...tail(options));
/** Uniform in [0, 1). */
export const rand = (size: readonly number[], options: CreationOptions = {}): Tensor =>
  randOperator(size, ...tail(options));
/** Standard normal. */
export const randn = (size: readonly number[], options: CreationOptions = {}): Tensor =>
  randnOperator(size, ...tail(options));
/** Whole numbers in low .. high - 1; int64 unless said otherwise. */
export const randint = (
  low: number,
  high: number,
  size: readonly number[],
  options: CreationOptions = {},
): Tensor => randintOperator(low, high, size, ...tail({ dtype: 'int64', ...options }));

/** Whether a tensor lies in memory that GPUs read by themselves. */
export const isPinned = operator<(self: Tensor) => boolean>('aten::is_pinned');

export const zerosLike = operator<(self: Tensor) => Tensor>('aten::zeros_like');
export const onesLike = operator<(self: Tensor) => Tensor>('aten::ones_like');
export const emptyLike = operator<(self: Tensor) => Tensor>('aten::empty_like');
export const clone = operator<(self: Tensor) => Tensor>('aten::clone');
/** The same memory without its history. */
export const detach = operator<(self: Tensor) => Tensor>('aten::detach');

const toDType =
  operator<(self: Tensor, dtype: DType, nonBlocking: boolean, copy: boolean) => Tensor>('aten::to.dtype');
const toDevice =
  operator<(self: Tensor, device: Device, dtype: DType, nonBlocking: boolean, copy: boolean) => Tensor>(
    'aten::to.device',
  );

/** In another dtype; the same memory when it is that already. */
export const to = (self: Tensor, dtype: DType): Tensor => toDType(self, dtype, false, false);
/** In place: `self` becomes a handle of `data`'s memory; what was its own ends when nothing else needs it. */
export const setData = operator<(self: Tensor, data: Tensor) => void>('aten::set_data');
/** On another device. */
export const toDeviceOf = (self: Tensor, device: Device, nonBlocking = false): Tensor =>
  toDevice(self, device, self.dtype, nonBlocking, false);
