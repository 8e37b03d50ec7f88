/** @file AdamW (Loshchilov and Hutter, 2019) by PyTorch's rule: bias correction and decoupled decay. */

import { keep, noGrad, scope, type Tensor } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';
import { Adam, type AdamOptions, type AdamRange } from './adam.js';
import { adamUpdate, biasCorrected, gpuAdamUpdate } from './adamUpdate.js';
import type { FlatParameter, FlatParameters } from './flatParameters.js';
import type { GpuGradientScale, OptimizerState } from './optimizer.js';

export interface AdamWOptions extends AdamOptions {
  /**
   * Whether biases and the weights of LayerNorm, which are vectors, decay as all others do. True, as in PyTorch, unless it
   * says otherwise.
   */
  readonly decayVectors?: boolean;
}

const NUM_SKIPPED = 'num_skipped_steps';

/**
 * p -= rate decay p; m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2;
 * p -= rate (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps), with t from 1 for each parameter and eps 1e-8
 * (`torch.optim.AdamW`). t does not count steps that float16 left out. A part of the model that joins later (`join`) takes
 * over the t of the others with their learning rate, so its moments are hardly corrected.
 */
export class AdamW extends Adam {
  readonly name = 'adamw';
  readonly #decayVectors: boolean;
  /** () float32, where the model computes: only a GPU knows in time which steps were left out. */
  readonly #numSkipped: Tensor;

  constructor(parameters: FlatParameters, { decayVectors = true, ...options }: AdamWOptions) {
    super(parameters, { eps: 1e-8, ...options });
    this.#decayVectors = decayVectors;
    this.#numSkipped = keep(ops.zeros([], { device: parameters.device }));
  }

  protected override decays({ tensor }: FlatParameter): boolean {
    return this.#decayVectors || tensor.shape.length > 1;
  }

  override step(scale: number | GpuGradientScale = 1): void {
    super.step(scale);
    // After the ranges, which all count the steps before.
    if (typeof scale !== 'number') inPlace(() => ops.add_(this.#numSkipped, scale.isSkipped));
  }

  protected update(
    { buffers, step, learningRate, weightDecay }: AdamRange,
    scale: number | GpuGradientScale,
  ): void {
    const { beta1, beta2, eps } = this.options;
    const numbers = { rate: learningRate, beta1, beta2, eps, weightDecay };
    if (typeof scale === 'number') {
      const numSteps = Math.max(step + 1 - this.#numSkipped.item(), 1);
      adamUpdate(buffers, biasCorrected({ ...numbers, gradientScale: scale }, numSteps));
    } else {
      const numSteps = ops.clamp(ops.add(ops.mul(this.#numSkipped, -1), step + 1), 1, null);
      gpuAdamUpdate(buffers, { ...numbers, step: numSteps }, scale);
    }
  }

  override get moments(): readonly Tensor[] {
    return [...super.moments, this.#numSkipped];
  }

  override state(): OptimizerState {
    const { tensors, steps } = super.state();
    const numSkipped = noGrad(() => scope(() => ops.clone(this.#numSkipped)));
    return { tensors: new Map([...tensors, [NUM_SKIPPED, numSkipped]]), steps };
  }

  override restore(tensors: ReadonlyMap<string, Tensor>, steps: Readonly<Record<string, number>>): void {
    super.restore(tensors, steps);
    const numSkipped = tensors.get(NUM_SKIPPED);
    if (numSkipped !== undefined) inPlace(() => ops.copy_(this.#numSkipped, numSkipped));
  }

  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    this.#numSkipped.dispose();
  }
}

/** Changes a tensor; the handle that the operator returns is given up. */
function inPlace(change: () => Tensor): void {
  noGrad(() =>
    scope(() => {
      change();
    }),
  );
}
