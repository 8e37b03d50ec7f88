/** @file One step of BertAdam over a range of flat buffers. */

import type { Device, Tensor } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';

export interface AdamBuffers {
  readonly values: Tensor;
  readonly gradients: Tensor;
  readonly mean: Tensor;
  readonly meanSquare: Tensor;
  /** Gets the new values too. */
  readonly copy: Tensor | null;
}

export interface AdamNumbers {
  readonly rate: number;
  readonly gradientScale: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  readonly weightDecay: number;
}

/** In one pass where this project's operator can (float32 on the CPU), else in the plain steps. */
export function bertAdamUpdate(buffers: AdamBuffers, numbers: AdamNumbers): void {
  const { values, gradients, mean, meanSquare, copy } = buffers;
  if (values.device !== 'cpu' || values.dtype !== 'float32') {
    plainBertAdamUpdate(buffers, numbers);
    return;
  }
  const { gradientScale, rate, beta1, beta2, eps, weightDecay } = numbers;
  ops.bertAdam_(
    values,
    gradients,
    mean,
    meanSquare,
    copy,
    gradientScale,
    rate,
    beta1,
    beta2,
    eps,
    weightDecay,
  );
}

/** What scales the gradients, as numbers that lie on the device: known there, not yet here. */
export interface DeviceScale {
  /** () float32: what each gradient is divided by. */
  readonly divisor: Tensor;
  /** () float32: 1 when this step changes nothing, because a gradient is not finite. */
  readonly isSkipped: Tensor;
}

/**
 * A number of steps after which Adam's corrections of its means for their zero beginning are 1: BertAdam has none, and
 * libtorch's kernel always applies them.
 */
const LONG_AGO = 1e8;

/** On a card: with libtorch's kernel where its version has it, without a word from the device. */
export function deviceBertAdamUpdate(
  buffers: AdamBuffers,
  numbers: Omit<AdamNumbers, 'gradientScale'>,
  { divisor, isSkipped }: DeviceScale,
): void {
  const { values, mean, meanSquare, copy } = buffers;
  if (!ops.hasFusedAdamW()) {
    // Older versions have no kernel that can decide by itself.
    if (isSkipped.item() === 0) {
      plainBertAdamUpdate(buffers, { ...numbers, gradientScale: 1 / divisor.item() });
    }
    return;
  }
  const { rate, beta1, beta2, eps, weightDecay } = numbers;
  ops.fusedAdamW_({
    parameters: values,
    // The kernel wants one format; it writes the scaled gradients back.
    gradients: ops.to(buffers.gradients, values.dtype),
    mean,
    meanSquare,
    step: ops.full([], LONG_AGO, { device: values.device as Device }),
    rate,
    beta1,
    beta2,
    weightDecay,
    eps,
    divisor,
    isSkipped,
  });
  if (copy !== null) ops.copy_(copy, values);
}

/** The same with libtorch's operators, one after the other. */
export function plainBertAdamUpdate(buffers: AdamBuffers, numbers: AdamNumbers): void {
  const { values, mean, meanSquare, copy } = buffers;
  const { gradientScale, rate, beta1, beta2, eps, weightDecay } = numbers;
  const gradients = ops.mul(ops.to(buffers.gradients, values.dtype), gradientScale);
  ops.add_(ops.mul_(mean, beta1), gradients, 1 - beta1);
  ops.addcmul_(ops.mul_(meanSquare, beta2), gradients, gradients, 1 - beta2);
  if (rate === 0) return;
  const denominator = ops.add_(ops.sqrt(meanSquare), eps);
  // p - rate (u + decay p) = (1 - rate decay) p - rate u
  ops.mul_(values, 1 - rate * weightDecay);
  ops.addcdiv_(values, mean, denominator, -rate);
  if (copy !== null) ops.copy_(copy, values);
}
