/** @file BertAdam: the reference's optimizer, which is Adam without bias correction and with decoupled decay. */

import { Adam, type AdamOptions, type AdamRange } from './adam.js';
import { adamUpdate, gpuAdamUpdate, UNCORRECTED_STEP } from './adamUpdate.js';
import type { FlatParameters } from './flatParameters.js';
import type { GpuGradientScale } from './optimizer.js';

/**
 * m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; p -= rate (m / (sqrt(v) + eps) + decay p), with the
 * decay applied to every parameter, biases and LayerNorm included; eps 1e-6 (pytorch-pretrained-bert's `BertAdam`;
 * docs/how-it-works/reference-implementation.md, "Optimizer").
 */
export class BertAdam extends Adam {
  readonly name = 'bertadam';

  constructor(parameters: FlatParameters, options: AdamOptions) {
    super(parameters, { eps: 1e-6, ...options });
  }

  protected update(
    { buffers, learningRate, weightDecay }: AdamRange,
    scale: number | GpuGradientScale,
  ): void {
    const { beta1, beta2, eps } = this.options;
    const numbers = { rate: learningRate, beta1, beta2, eps, weightDecay };
    if (typeof scale === 'number') adamUpdate(buffers, { ...numbers, gradientScale: scale });
    else gpuAdamUpdate(buffers, { ...numbers, step: UNCORRECTED_STEP }, scale);
  }
}
