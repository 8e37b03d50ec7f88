/** @file When steps are computed: at once on the CPU; on a GPU (gpu/gpuSteps.ts) their numbers are read a step later. */

import type { Tensor } from '../torch/index.js';
import { cpuStep, type StepContext, type StepResult } from './trainingStep.js';

export interface StepRunner {
  /**
   * Does a step, or hands it to the GPU.
   *
   * @returns what has become known of this step and those before
   * @throws StepFailure when it becomes known that an earlier step failed, else whatever the step throws
   */
  run(batch: number, step: number): readonly StepResult[];
  /** Waits for everything that was handed over. @throws StepFailure */
  drain(): readonly StepResult[];
  /**
   * Whether the device gets done within a time what it was told: a GPU may wait for another process for ever, and
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

/** Each step is done when `run` returns. */
export class CpuSteps<Batch, Placed> implements StepRunner {
  constructor(private readonly context: StepContext<Batch, Placed>) {}

  run(batch: number, step: number): readonly StepResult[] {
    return [cpuStep(this.context, batch, step)];
  }

  drain(): readonly StepResult[] {
    return [];
  }

  async answers(): Promise<boolean> {
    return true;
  }

  dispose(): void {}
}
