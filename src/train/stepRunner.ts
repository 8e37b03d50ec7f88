/** @file How a step is done: at once on the processor, or handed to a card whose numbers are read a step later. */

import type { Tensor } from '../torch/index.js';
import type { BertAdam } from './bertAdam.js';
import type { StepMeter } from './stepMeter.js';
import type { StepPartners } from './stepParts.js';
import type { TrainingTask } from './trainingTask.js';

/** What is known of a step that is done. */
export interface StepOutcome {
  /** From 0. */
  readonly step: number;
  /** Of the epoch, from 0. */
  readonly batch: number;
  readonly loss: number;
  /** Of a loss that is made of several. */
  readonly losses?: Readonly<Record<string, number>>;
  readonly gradientNorm: number;
  readonly learningRate: number;
  /** What the loss was multiplied by (float16). */
  readonly lossScale?: number;
  /** Nothing was changed: a gradient left what float16 can hold, and the loss scale was too large. */
  readonly wasSkipped?: boolean;
}

/** What every way of doing steps is given. */
export interface StepContext<Batch = unknown, Placed = unknown> {
  readonly task: TrainingTask<Batch, Placed>;
  readonly optimizer: BertAdam;
  /** The largest global norm of the gradients. */
  readonly clipNorm: number;
  readonly meter: StepMeter;
  readonly partners: StepPartners | undefined;
}

export interface StepRunner {
  /**
   * Does a step, or hands it to the device.
   *
   * @returns what has become known of this step and those before
   * @throws StepFailure when it becomes known that an earlier step failed, else whatever the step throws
   */
  run(batch: number, step: number): readonly StepOutcome[];
  /** Waits for everything that was handed over. @throws StepFailure */
  drain(): readonly StepOutcome[];
  /**
   * Whether the device gets done within a time what it was told: a card may wait for another process for ever, and
   * whoever reads from it then does too.
   */
  answers(milliseconds: number): Promise<boolean>;
  dispose(): void;
}

/** An earlier step turned out to have failed; no step since has changed anything. */
export class StepFailure extends Error {
  constructor(
    override readonly cause: unknown,
    readonly step: number,
    readonly batch: number,
    /** Of the random generators before that step, the caller's to end. */
    readonly random: Tensor,
    /** The optimizer's counters before that step. */
    readonly counters: Readonly<Record<string, number>>,
  ) {
    super(`step ${step} failed`);
  }
}
