/** @file BertAdam: the reference's optimizer, which is Adam without bias correction and with decoupled decay. */

import { LxmertError } from '../common/errors.js';
import { keep, noGrad, scope, type Tensor } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';
import { bertAdamUpdate, type DeviceScale, deviceBertAdamUpdate } from './bertAdamUpdate.js';
import type { FlatGroup, FlatParameter, FlatParameters } from './flatParameters.js';
import { rangesOf } from './flatRanges.js';
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

/** What the optimizer keeps for a group, laid out as its values. */
interface GroupState {
  readonly group: FlatGroup;
  readonly mean: Tensor;
  readonly meanSquare: Tensor;
}

/**
 * m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; p -= rate (m / (sqrt(v) + eps) + decay p).
 * A parameter without a gradient is left alone: no decay, and its step counter, which gives its rate, stays.
 */
export class BertAdam implements Disposable {
  readonly #groups: readonly GroupState[];
  readonly #steps = new Map<string, number>();
  readonly #options: Required<BertAdamOptions>;

  constructor(
    readonly parameters: FlatParameters,
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
    this.#groups = parameters.groups.map((group) => ({
      group,
      mean: keep(ops.zerosLike(group.values)),
      meanSquare: keep(ops.zerosLike(group.values)),
    }));
  }

  /** The rate at a step counted from 0. */
  learningRateAt(step: number): number {
    const { learningRate, schedule, totalSteps, warmupRatio } = this.#options;
    return learningRate * scheduleFactor(schedule, step, totalSteps, warmupRatio);
  }

  /**
   * One step for every parameter that has a gradient; the gradients are given up.
   *
   * @param scale multiplies each gradient first (`clipGradients`); on a card it lies there, and nothing waits for it
   */
  step(scale: number | DeviceScale = 1): void {
    const { beta1, beta2, eps, weightDecay } = this.#options;
    const numbers = { beta1, beta2, eps, weightDecay };
    noGrad(() => {
      for (const state of this.#groups) {
        const withGradient = this.parameters.withGradient(state.group);
        for (const range of rangesOf(withGradient, ({ name }) => this.#stepOf(name))) {
          const step = this.#stepOf(range.parameters[0]?.name ?? '');
          scope(() => {
            const part = (flat: Tensor): Tensor => ops.narrow(flat, 0, range.offset, range.length);
            const { values, gradients, copy } = state.group;
            const buffers = {
              values: part(values),
              gradients: part(gradients),
              mean: part(state.mean),
              meanSquare: part(state.meanSquare),
              copy: copy && part(copy),
            };
            const rate = this.learningRateAt(step);
            if (typeof scale === 'number')
              bertAdamUpdate(buffers, { ...numbers, gradientScale: scale, rate });
            else deviceBertAdamUpdate(buffers, { ...numbers, rate }, scale);
          });
          for (const { name } of range.parameters) this.#steps.set(name, step + 1);
        }
      }
    });
    this.parameters.zeroGrad();
  }

  #stepOf(name: string): number {
    return this.#steps.get(name) ?? 0;
  }

  /**
   * Gives parameters that were never trained the step counter of the others, and with it their rate: a part of the
   * model that joins later would else begin with a warm-up of its own.
   *
   * @param isJoining by parameter name
   */
  join(isJoining: (name: string) => boolean, step: number): void {
    for (const { group } of this.#groups) {
      for (const { name } of group.parameters) {
        if (isJoining(name) && !this.#steps.has(name)) this.#steps.set(name, step);
      }
    }
  }

  /**
   * Everything that a snapshot needs, by name: `<parameter>/mean`, `<parameter>/mean_square`; and the step counters,
   * of parameters that had a gradient. The tensors are views of the optimizer's own, the caller's to end.
   */
  state(): {
    readonly tensors: ReadonlyMap<string, Tensor>;
    readonly steps: Readonly<Record<string, number>>;
  } {
    const tensors = new Map<string, Tensor>();
    for (const state of this.#groups) {
      for (const parameter of state.group.parameters) {
        if (!this.#steps.has(parameter.name)) continue;
        tensors.set(`${parameter.name}/mean`, viewOf(state.mean, parameter));
        tensors.set(`${parameter.name}/mean_square`, viewOf(state.meanSquare, parameter));
      }
    }
    return { tensors, steps: Object.fromEntries(this.#steps) };
  }

  /** The moments as they lie in memory, and how often each parameter was trained: what other processes need alike. */
  get moments(): readonly Tensor[] {
    return this.#groups.flatMap(({ mean, meanSquare }) => [mean, meanSquare]);
  }

  get steps(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#steps);
  }

  set steps(steps: Readonly<Record<string, number>>) {
    this.#steps.clear();
    for (const [name, step] of Object.entries(steps)) this.#steps.set(name, step);
  }

  /** Puts a saved state back; values are copied. @throws LxmertError for a parameter that is not here. */
  restore(tensors: ReadonlyMap<string, Tensor>, steps: Readonly<Record<string, number>>): void {
    const places = new Map(
      this.#groups.flatMap((state) =>
        state.group.parameters.map((parameter) => [parameter.name, { state, parameter }] as const),
      ),
    );
    for (const [name, step] of Object.entries(steps)) {
      const place = places.get(name);
      const mean = tensors.get(`${name}/mean`);
      const meanSquare = tensors.get(`${name}/mean_square`);
      if (place === undefined || mean === undefined || meanSquare === undefined) {
        throw new LxmertError(`The optimizer state of '${name}' does not fit this model.`);
      }
      const { state, parameter } = place;
      const { shape } = parameter.tensor;
      for (const tensor of [mean, meanSquare]) {
        if (tensor.shape.join() !== shape.join()) {
          throw new LxmertError(
            `The optimizer state of '${name}' has the shape (${tensor.shape.join(', ')}), but the parameter has (${shape.join(', ')}).`,
          );
        }
      }
      noGrad(() =>
        scope(() => {
          ops.copy_(viewOf(state.mean, parameter), mean);
          ops.copy_(viewOf(state.meanSquare, parameter), meanSquare);
        }),
      );
      this.#steps.set(name, step);
    }
  }

  [Symbol.dispose](): void {
    for (const { mean, meanSquare } of this.#groups) {
      mean.dispose();
      meanSquare.dispose();
    }
  }
}

function viewOf(flat: Tensor, { offset, length, tensor }: FlatParameter): Tensor {
  return scope(() => ops.view(ops.narrow(flat, 0, offset, length), tensor.shape));
}
