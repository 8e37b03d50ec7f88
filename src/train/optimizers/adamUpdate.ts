/** @file One step of Adam's family over a range of flat buffers. */

import type { Device, Tensor } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';
import type { GpuGradientScale } from './optimizer.js';

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

/**
 * m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; p -= rate (m / (sqrt(v) + eps) + decay p): in one pass
 * where this project's operator can (float32 on the CPU), else in the plain steps.
 */
export function adamUpdate(buffers: AdamBuffers, numbers: AdamNumbers): void {
  const { values, gradients, mean, meanSquare, copy } = buffers;
  if (values.device !== 'cpu' || values.dtype !== 'float32') {
    plainAdamUpdate(buffers, numbers);
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

/**
 * The numbers with which {@link adamUpdate} corrects the moments for their beginning at zero. With c1 = 1 - beta1^t and
 * c2 = 1 - beta2^t, rate (m / c1) / (sqrt(v / c2) + eps) is rate' m / (sqrt(v) + eps') for rate' = rate sqrt(c2) / c1
 * and eps' = eps sqrt(c2); and rate decay is rate' decay' for decay' = decay c1 / sqrt(c2).
 *
 * @param step t, from 1
 */
export function biasCorrected(numbers: AdamNumbers, step: number): AdamNumbers {
  const { rate, beta1, beta2, eps, weightDecay } = numbers;
  const correction1 = 1 - beta1 ** step;
  const root2 = Math.sqrt(1 - beta2 ** step);
  return {
    ...numbers,
    rate: (rate * root2) / correction1,
    eps: eps * root2,
    weightDecay: (weightDecay * correction1) / root2,
  };
}

/**
 * A number of steps after which Adam's corrections of its means for their zero beginning are 1: BertAdam has none, and
 * libtorch's kernel always applies them.
 */
export const UNCORRECTED_STEP = 1e8;

/**
 * On a GPU: with libtorch's kernel where its version has it, without a word from the device.
 *
 * @param numbers `step`: the number of this step from 1, which the corrections follow from; () float32 where it lies on
 *   the device
 */
export function gpuAdamUpdate(
  buffers: AdamBuffers,
  numbers: Omit<AdamNumbers, 'gradientScale'> & { readonly step: number | Tensor },
  { divisor, isSkipped }: GpuGradientScale,
): void {
  const { values, mean, meanSquare, copy } = buffers;
  const { rate, beta1, beta2, eps, weightDecay, step } = numbers;
  if (!ops.hasFusedAdamW()) {
    // Older versions have no kernel that can decide by itself.
    if (isSkipped.item() === 0) {
      const uncorrected = { rate, beta1, beta2, eps, weightDecay, gradientScale: 1 / divisor.item() };
      const numSteps = typeof step === 'number' ? step : step.item();
      plainAdamUpdate(
        buffers,
        numSteps === UNCORRECTED_STEP ? uncorrected : biasCorrected(uncorrected, numSteps),
      );
    }
    return;
  }
  ops.fusedAdamW_({
    parameters: values,
    // The kernel wants one format; it writes the scaled gradients back.
    gradients: ops.to(buffers.gradients, values.dtype),
    mean,
    meanSquare,
    step: typeof step === 'number' ? ops.full([], step, { device: values.device as Device }) : step,
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
export function plainAdamUpdate(buffers: AdamBuffers, numbers: AdamNumbers): void {
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
