/** @file Where a run stands between two steps. */

import { z } from 'zod';

export const trainingStateSchema = z.object({
  /** Steps done. */
  step: z.int().min(0),
  /** The epoch that goes on, from 0. */
  epoch: z.int().min(0),
  /** Batches of it that are done. */
  batch: z.int().min(0),
  /** Sum of the losses of these batches, and of how many: float16 leaves out some. */
  epochLoss: z.number(),
  /** Absent in snapshots of version 0.1.0, which counted all batches. */
  numEpochLosses: z.int().min(0).optional(),
  /** Likewise of each loss that adds up to it; absent for a task with one loss. */
  epochLosses: z.record(z.string(), z.number()).optional(),
  bestScore: z.number(),
  /** The epoch with that score; null before there is one. */
  bestEpoch: z.int().min(0).nullable(),
});

export type TrainingState = z.output<typeof trainingStateSchema>;

const INITIAL_STATE: TrainingState = {
  step: 0,
  epoch: 0,
  batch: 0,
  epochLoss: 0,
  numEpochLosses: 0,
  bestScore: 0,
  bestEpoch: null,
};

/** A training's place as it moves on; {@link TrainingProgress.state} is what a snapshot keeps of it. */
export class TrainingProgress {
  step: number;
  epoch: number;
  batch: number;
  bestScore: number;
  bestEpoch: number | undefined;
  #loss: number;
  #numLosses: number;
  #losses: Record<string, number> | undefined;

  constructor(start: TrainingState = INITIAL_STATE) {
    this.step = start.step;
    this.epoch = start.epoch;
    this.batch = start.batch;
    this.bestScore = start.bestScore;
    this.bestEpoch = start.bestEpoch ?? undefined;
    this.#loss = start.epochLoss;
    this.#numLosses = start.numEpochLosses ?? start.batch;
    this.#losses = start.epochLosses && { ...start.epochLosses };
  }

  /** Adds a step's losses to those of the epoch. One that was too large for its format says nothing of the epoch. */
  addLosses({ loss, losses }: { loss: number; losses?: Readonly<Record<string, number>> }): void {
    if (!Number.isFinite(loss)) return;
    this.#loss += loss;
    this.#numLosses++;
    if (losses === undefined) return;
    this.#losses ??= {};
    for (const [name, value] of Object.entries(losses)) {
      this.#losses[name] = (this.#losses[name] ?? 0) + value;
    }
  }

  /** Over the steps of the epoch whose losses were added. */
  meanLosses(): { readonly meanLoss: number; readonly meanLosses?: Readonly<Record<string, number>> } {
    const count = Math.max(this.#numLosses, 1);
    const means = Object.entries(this.#losses ?? {}).map(([name, sum]) => [name, sum / count] as const);
    return {
      meanLoss: this.#loss / count,
      ...(this.#losses !== undefined && { meanLosses: Object.fromEntries(means) }),
    };
  }

  /** To the first batch of the next epoch. */
  nextEpoch(): void {
    this.epoch++;
    this.batch = 0;
    this.#loss = 0;
    this.#numLosses = 0;
    this.#losses = undefined;
  }

  state(): TrainingState {
    return {
      step: this.step,
      epoch: this.epoch,
      batch: this.batch,
      epochLoss: this.#loss,
      numEpochLosses: this.#numLosses,
      ...(this.#losses !== undefined && { epochLosses: { ...this.#losses } }),
      bestScore: this.bestScore,
      bestEpoch: this.bestEpoch ?? null,
    };
  }
}
