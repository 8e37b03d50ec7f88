/** @file What an optimizer is to the rest of a training. */

import type { Tensor } from '../../torch/index.js';
import type { LearningRateSchedule } from '../learningRateSchedule.js';
import type { FlatParameters } from './flatParameters.js';

/** What scales the gradients of a step on a GPU: numbers that lie there, known there and not yet here. */
export interface GpuGradientScale {
  /** () float32: what each gradient is divided by (clipping and float16's loss scale in one). */
  readonly divisor: Tensor;
  /** () float32: 1 when this step changes nothing, because a gradient is not finite. */
  readonly isSkipped: Tensor;
}

/** What a snapshot keeps of an optimizer. */
export interface OptimizerState {
  /** By name; by convention `<parameter>/mean` and so on. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** Steps that each parameter has been trained; those without a gradient so far are left out. */
  readonly steps: Readonly<Record<string, number>>;
}

/**
 * Changes parameters by their gradients. `BertAdam` and `AdamW` are such; one of a user's own implements this interface
 * over flat parameters, or extends `Adam`.
 *
 * A step runs over `parameters.groups`, whose `values` and `gradients` are one flat tensor each, and leaves alone what
 * `parameters.withGradient(group)` does not name. It brings `group.copy`, where there is one, up to date, and gives up
 * the gradients (`parameters.zeroGrad()`).
 */
export interface Optimizer extends Disposable {
  /** As config.json calls it; a run can only be resumed with the optimizer of this name. */
  readonly name: string;
  readonly parameters: FlatParameters;
  /**
   * One step for every parameter that has a gradient. Bits must follow from values, gradients, state and scale alone, so
   * that a resumed run is the run that was not stopped.
   *
   * @param scale on the CPU the number to multiply each gradient by (clipping), 1 unless it is given; on a GPU numbers that
   *   lie there. Nothing in the step may wait for the GPU.
   */
  step(scale?: number | GpuGradientScale): void;
  /** The learning rate at a step, counted from 0: what the records show. */
  learningRateAt(step: number): number;
  /**
   * How often each parameter was trained, by name. Set when a step has to be taken back, and to those of the first
   * process. A step that a GPU skipped counts.
   */
  steps: Readonly<Record<string, number>>;
  /** The state as it lies in memory, in an order that is the same in all processes: sent from the first to the others. */
  readonly moments: readonly Tensor[];
  /**
   * Gives parameters that were never trained the step counter of the others, and with it their learning rate: a part of
   * the model that joins later would else begin with a warm-up of its own.
   *
   * @param isJoining by parameter name
   * @param step steps that the others have been trained
   */
  join(isJoining: (name: string) => boolean, step: number): void;
  /** Everything that a snapshot needs. The tensors (views, or copies) are the caller's to dispose. */
  state(): OptimizerState;
  /** Puts a saved state back; values are copied. @throws LxmertError when it does not fit these parameters */
  restore(tensors: ReadonlyMap<string, Tensor>, steps: Readonly<Record<string, number>>): void;
}

/** What a run tells the optimizer that it makes. */
export interface OptimizerPlan {
  /** The peak rate. */
  readonly learningRate: number;
  /** Steps of the whole run. */
  readonly totalSteps: number;
  readonly schedule: LearningRateSchedule;
  readonly weightDecay: number;
}

/** Makes an optimizer over a model's parameters, which the trainer has brought to its device. */
export type OptimizerFactory = (parameters: FlatParameters, plan: OptimizerPlan) => Optimizer;
