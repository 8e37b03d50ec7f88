/** @file Products, activations, normalisation, dropout and losses. */

import type { DType } from '../dtype.js';
import type { Tensor } from '../tensor.js';
import { operator } from './operator.js';

export const matmul = operator<(self: Tensor, other: Tensor) => Tensor>('aten::matmul');
/** (B, n, m) x (B, m, p) -> (B, n, p) */
export const bmm = operator<(self: Tensor, other: Tensor) => Tensor>('aten::bmm');
export const mm = operator<(self: Tensor, other: Tensor) => Tensor>('aten::mm');
/** bias + a x b */
export const addmm = operator<(bias: Tensor, a: Tensor, b: Tensor) => Tensor>('aten::addmm');
/** input x weight^T + bias; weight is (out, in). */
export const linear =
  operator<(input: Tensor, weight: Tensor, bias?: Tensor | null) => Tensor>('aten::linear');

/** `approximate` is `none` (by erf, what BERT uses) or `tanh`. */
export const gelu = operator<(self: Tensor, approximate?: 'none' | 'tanh') => Tensor>('aten::gelu');
export const relu = operator<(self: Tensor) => Tensor>('aten::relu');
export const softmax = operator<(self: Tensor, dim: number, dtype?: DType) => Tensor>('aten::softmax.int');
export const logSoftmax =
  operator<(self: Tensor, dim: number, dtype?: DType) => Tensor>('aten::log_softmax.int');
export const layerNorm =
  operator<
    (
      input: Tensor,
      shape: readonly number[],
      weight: Tensor | null,
      bias: Tensor | null,
      eps: number,
    ) => Tensor
  >('aten::layer_norm');
export const dropout = operator<(input: Tensor, p: number, train: boolean) => Tensor>('aten::dropout');

/** How a loss puts its elements together, as libtorch numbers it. */
/** libtorch's numbers for them. */
const REDUCTION: Readonly<Record<Reduction, number>> = { none: 0, mean: 1, sum: 2 };
/** What a loss makes of its elements. */
export type Reduction = 'none' | 'mean' | 'sum';

const bceWithLogits = operator<
  (
    self: Tensor,
    target: Tensor,
    weight: Tensor | null,
    positiveWeight: Tensor | null,
    reduction: number,
  ) => Tensor
>('aten::binary_cross_entropy_with_logits');
const crossEntropyOperator =
  operator<
    (
      self: Tensor,
      target: Tensor,
      weight: Tensor | null,
      reduction: number,
      ignoreIndex: number,
      smoothing: number,
    ) => Tensor
  >('aten::cross_entropy_loss');
const smoothL1Operator =
  operator<(self: Tensor, target: Tensor, reduction: number, beta: number) => Tensor>('aten::smooth_l1_loss');

/** Targets are probabilities of the logits' shape. */
export const binaryCrossEntropyWithLogits = (
  logits: Tensor,
  target: Tensor,
  reduction: Reduction = 'mean',
): Tensor => bceWithLogits(logits, target, null, null, REDUCTION[reduction]);

/** logits (N, C), target (N) int64; rows whose target is `ignoreIndex` do not count. */
export const crossEntropy = (
  logits: Tensor,
  target: Tensor,
  options: { reduction?: Reduction; ignoreIndex?: number } = {},
): Tensor =>
  crossEntropyOperator(
    logits,
    target,
    null,
    REDUCTION[options.reduction ?? 'mean'],
    options.ignoreIndex ?? -100,
    0,
  );

export const smoothL1 = (self: Tensor, target: Tensor, reduction: Reduction = 'mean'): Tensor =>
  smoothL1Operator(self, target, REDUCTION[reduction], 1);
