/** @file Operators of optimizers and of loss scaling on GPUs. */

import type { Tensor } from '../tensor.js';
import { hasOperator, operator } from './operator.js';

export interface FusedAdamW {
  readonly parameters: Tensor;
  /** Of the parameters' dtype; holds the divided gradients afterwards. */
  readonly gradients: Tensor;
  readonly mean: Tensor;
  readonly meanSquare: Tensor;
  /** () float32: the number of steps, for the corrections of the means */
  readonly step: Tensor;
  readonly rate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly weightDecay: number;
  readonly eps: number;
  /** () float32: what gradients are divided by. */
  readonly divisor: Tensor;
  /** () float32: 1 to change nothing. */
  readonly isSkipped: Tensor;
}

const FUSED_ADAMW = 'aten::_fused_adamw_';
let isThere: boolean | undefined;

/** libtorch 2.0 and newer. */
export function hasFusedAdamW(): boolean {
  isThere ??= hasOperator(FUSED_ADAMW);
  return isThere;
}

type Tensors = readonly Tensor[];

// Called where it is there only, so it is not declared at load: tests hold declarations against this libtorch's schemas.
type FusedAdamWOperator = (
  parameters: Tensors,
  gradients: Tensors,
  means: Tensors,
  meanSquares: Tensors,
  maxMeanSquares: Tensors,
  steps: Tensors,
  rate: number,
  beta1: number,
  beta2: number,
  weightDecay: number,
  eps: number,
  amsgrad: boolean,
  maximize: boolean,
  divisor: Tensor,
  isSkipped: Tensor,
) => void;
let fusedAdamW: FusedAdamWOperator | undefined;

/** One step of AdamW, in place and in one pass, that the device scales and skips by itself. */
export function fusedAdamW_(work: FusedAdamW): void {
  fusedAdamW ??= operator<FusedAdamWOperator>(FUSED_ADAMW);
  fusedAdamW(
    [work.parameters],
    [work.gradients],
    [work.mean],
    [work.meanSquare],
    [],
    [work.step],
    work.rate,
    work.beta1,
    work.beta2,
    work.weightDecay,
    work.eps,
    false,
    false,
    work.divisor,
    work.isSkipped,
  );
}

/**
 * In place: halves `scale` (by `backoff`) after a step with gradients that were not finite, and doubles it (by `growth`)
 * after `interval` steps without one.
 *
 * @param scale (1) float32
 * @param growthTracker (1) int32: steps since either happened
 * @param foundInf (1) float32
 */
export const ampUpdateScale_ =
  operator<
    (
      scale: Tensor,
      growthTracker: Tensor,
      foundInf: Tensor,
      growth: number,
      backoff: number,
      interval: number,
    ) => Tensor
  >('aten::_amp_update_scale_');
