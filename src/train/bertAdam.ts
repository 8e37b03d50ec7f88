/** @file BertAdam: the reference's optimizer, which is Adam without bias correction and with decoupled decay. */

import { LxmertError } from '../common/errors.js';
import { keep, noGrad, scope, type Tensor } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';
import { type ScheduleName, scheduleFactor } from './schedule.js';

export interface BertAdamOptions {
  /** The peak rate. */
  readonly learningRate: number;
  /** The number of steps that the schedule runs over. */
  readonly totalSteps: number;
  /** Share of the steps with a rising rate; 0.1 in fine-tuning, 0.05 in pre-training. */
  readonly warmupRatio?: number;
  readonly schedule?: ScheduleName;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly eps?: number;
  /** Applied to every parameter, biases and LayerNorm included. */
  readonly weightDecay?: number;
}

/** What the optimizer keeps for a parameter, from its first gradient on. */
interface ParameterState {
  readonly mean: Tensor;
  readonly meanSquare: Tensor;
  step: number;
}

/**
 * m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; p -= rate (m / (sqrt(v) + eps) + decay p).
 * A parameter without a gradient is left alone: no decay, and its step counter, which gives its rate, stays.
 */
export class BertAdam implements Disposable {
  readonly #states = new Map<string, ParameterState>();
  readonly #options: Required<BertAdamOptions>;

  constructor(
    readonly parameters: ReadonlyMap<string, Tensor>,
    options: BertAdamOptions,
  ) {
    this.#options = {
      warmupRatio: 0.1,
      schedule: 'warmup-linear',
      beta1: 0.9,
      beta2: 0.999,
      eps: 1e-6,
      weightDecay: 0.01,
      ...options,
    };
  }

  /** The rate at a step counted from 0. */
  learningRateAt(step: number): number {
    const { learningRate, schedule, totalSteps, warmupRatio } = this.#options;
    return learningRate * scheduleFactor(schedule, step, totalSteps, warmupRatio);
  }

  /** One step for every parameter that has a gradient; the gradients are given up. */
  step(): void {
    noGrad(() => {
      for (const [name, parameter] of this.parameters) {
        scope(() => {
          const gradient = parameter.grad;
          if (gradient === null) return;
          this.#update(parameter, gradient, this.#stateOf(name, parameter));
          parameter.grad = null;
        });
      }
    });
  }

  #update(parameter: Tensor, gradient: Tensor, state: ParameterState): void {
    const { beta1, beta2, eps, weightDecay } = this.#options;
    const rate = this.learningRateAt(state.step);
    ops.add_(ops.mul_(state.mean, beta1), gradient, 1 - beta1);
    ops.addcmul_(ops.mul_(state.meanSquare, beta2), gradient, gradient, 1 - beta2);
    state.step++;
    if (rate === 0) return;
    const denominator = ops.add_(ops.sqrt(state.meanSquare), eps);
    // p - rate (u + decay p) = (1 - rate decay) p - rate u
    ops.mul_(parameter, 1 - rate * weightDecay);
    ops.addcdiv_(parameter, state.mean, denominator, -rate);
  }

  #stateOf(name: string, parameter: Tensor): ParameterState {
    let state = this.#states.get(name);
    if (state === undefined) {
      state = { mean: keep(ops.zerosLike(parameter)), meanSquare: keep(ops.zerosLike(parameter)), step: 0 };
      this.#states.set(name, state);
    }
    return state;
  }

  /** Drops the gradients of all parameters. */
  zeroGrad(): void {
    for (const parameter of this.parameters.values()) parameter.grad = null;
  }

  /**
   * Everything that a snapshot needs, by name: `<parameter>/mean`, `<parameter>/mean_square`; and the step counters.
   * The tensors are the optimizer's own.
   */
  state(): {
    readonly tensors: ReadonlyMap<string, Tensor>;
    readonly steps: Readonly<Record<string, number>>;
  } {
    const tensors = new Map<string, Tensor>();
    const steps: Record<string, number> = {};
    for (const [name, state] of this.#states) {
      tensors.set(`${name}/mean`, state.mean);
      tensors.set(`${name}/mean_square`, state.meanSquare);
      steps[name] = state.step;
    }
    return { tensors, steps };
  }

  /** Puts a saved state back; values are copied. @throws LxmertError for a parameter that is not here. */
  restore(tensors: ReadonlyMap<string, Tensor>, steps: Readonly<Record<string, number>>): void {
    noGrad(() => {
      for (const [name, step] of Object.entries(steps)) {
        const parameter = this.parameters.get(name);
        const mean = tensors.get(`${name}/mean`);
        const meanSquare = tensors.get(`${name}/mean_square`);
        if (parameter === undefined || mean === undefined || meanSquare === undefined) {
          throw new LxmertError(`The optimizer state of '${name}' does not fit this model.`);
        }
        for (const tensor of [mean, meanSquare]) {
          if (tensor.shape.join() !== parameter.shape.join()) {
            throw new LxmertError(
              `The optimizer state of '${name}' has the shape (${tensor.shape.join(', ')}), but the parameter has (${parameter.shape.join(', ')}).`,
            );
          }
        }
        const state = this.#stateOf(name, parameter);
        ops.copy_(state.mean, mean);
        ops.copy_(state.meanSquare, meanSquare);
        state.step = step;
      }
    });
  }

  [Symbol.dispose](): void {
    for (const { mean, meanSquare } of this.#states.values()) {
      mean.dispose();
      meanSquare.dispose();
    }
    this.#states.clear();
  }
}
