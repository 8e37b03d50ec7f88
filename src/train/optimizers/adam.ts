/** @file What the optimizers of Adam's family share: two moments over flat parameters, step counters, state. */

import { LxmertError } from '../../common/errors.js';
import { keep, noGrad, scope, type Tensor } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';
import { type LearningRateSchedule, linearSchedule } from '../learningRateSchedule.js';
import type { AdamBuffers } from './adamUpdate.js';
import type { FlatGroup, FlatParameter, FlatParameters } from './flatParameters.js';
import { rangesOf } from './flatRanges.js';
import type { GpuGradientScale, Optimizer, OptimizerState } from './optimizer.js';

export interface AdamOptions {
  /** The peak rate. */
  readonly learningRate: number;
  /** The number of steps that the schedule runs over. */
  readonly totalSteps: number;
  /** Linear warm-up over a tenth of the steps and linear decay unless it says otherwise. */
  readonly schedule?: LearningRateSchedule;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly eps?: number;
  /** Decoupled; 0.01 unless it says otherwise. */
  readonly weightDecay?: number;
}

/** How a range of parameters that were trained equally often is changed in a step. */
export interface AdamRange {
  readonly buffers: AdamBuffers;
  /** Steps that these parameters were trained before this one. */
  readonly step: number;
  readonly learningRate: number;
  readonly weightDecay: number;
}

/** What the optimizer keeps for a group, laid out as its values. */
interface GroupState {
  readonly group: FlatGroup;
  readonly mean: Tensor;
  readonly meanSquare: Tensor;
}

/** A parameter without a gradient is left alone: no decay, and its step counter, which gives its rate, stays. */
export abstract class Adam implements Optimizer {
  abstract readonly name: string;
  protected readonly options: Required<AdamOptions>;
  readonly #groups: readonly GroupState[];
  readonly #steps = new Map<string, number>();

  constructor(
    readonly parameters: FlatParameters,
    options: AdamOptions & { readonly eps: number },
  ) {
    this.options = {
      schedule: linearSchedule(),
      beta1: 0.9,
      beta2: 0.999,
      weightDecay: 0.01,
      ...options,
    };
    this.#groups = parameters.groups.map((group) => ({
      group,
      mean: keep(ops.zerosLike(group.values)),
      meanSquare: keep(ops.zerosLike(group.values)),
    }));
  }

  /** Changes the values of a range, in place, and its moments. Called inside a scope, without gradients being recorded. */
  protected abstract update(range: AdamRange, scale: number | GpuGradientScale): void;

  /** Whether a parameter decays. */
  protected decays(_parameter: FlatParameter): boolean {
    return true;
  }

  learningRateAt(step: number): number {
    const { learningRate, schedule, totalSteps } = this.options;
    return learningRate * schedule.factorAt(step, totalSteps);
  }

  step(scale: number | GpuGradientScale = 1): void {
    noGrad(() => {
      for (const state of this.#groups) {
        const withGradient = this.parameters.withGradient(state.group);
        const keyOf = (parameter: FlatParameter): number =>
          2 * this.#stepOf(parameter.name) + (this.decays(parameter) ? 1 : 0);
        for (const { offset, length, parameters } of rangesOf(withGradient, keyOf)) {
          const [first] = parameters;
          if (first === undefined) continue;
          const step = this.#stepOf(first.name);
          scope(() => {
            const part = (flat: Tensor): Tensor => ops.narrow(flat, 0, offset, length);
            const { values, gradients, copy } = state.group;
            const buffers = {
              values: part(values),
              gradients: part(gradients),
              mean: part(state.mean),
              meanSquare: part(state.meanSquare),
              copy: copy && part(copy),
            };
            const weightDecay = this.decays(first) ? this.options.weightDecay : 0;
            this.update({ buffers, step, learningRate: this.learningRateAt(step), weightDecay }, scale);
          });
          for (const { name } of parameters) this.#steps.set(name, step + 1);
        }
      }
    });
    this.parameters.zeroGrad();
  }

  #stepOf(name: string): number {
    return this.#steps.get(name) ?? 0;
  }

  join(isJoining: (name: string) => boolean, step: number): void {
    for (const { group } of this.#groups) {
      for (const { name } of group.parameters) {
        if (isJoining(name) && !this.#steps.has(name)) this.#steps.set(name, step);
      }
    }
  }

  /** Views `<parameter>/mean` and `<parameter>/mean_square` of parameters that had a gradient. */
  state(): OptimizerState {
    const tensors = new Map<string, Tensor>();
    for (const state of this.#groups) {
      for (const parameter of state.group.parameters) {
        if (!this.#steps.has(parameter.name)) continue;
        tensors.set(`${parameter.name}/mean`, viewOf(state.mean, parameter));
        tensors.set(`${parameter.name}/mean_square`, viewOf(state.meanSquare, parameter));
      }
    }
    return { tensors, steps: this.steps };
  }

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

  restore(tensors: ReadonlyMap<string, Tensor>, steps: Readonly<Record<string, number>>): void {
    const own = new Map(
      this.#groups.flatMap((state) =>
        state.group.parameters.map((parameter) => [parameter.name, { state, parameter }] as const),
      ),
    );
    for (const [name, step] of Object.entries(steps)) {
      const found = own.get(name);
      const mean = tensors.get(`${name}/mean`);
      const meanSquare = tensors.get(`${name}/mean_square`);
      if (found === undefined || mean === undefined || meanSquare === undefined) {
        throw new LxmertError(`The optimizer state of '${name}' does not fit this model.`);
      }
      const { state, parameter } = found;
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
