/** @file Where a run stands between two steps. */

import { z } from 'zod';

export const trainingStateSchema = z.object({
  /** Steps done. */
  step: z.int().min(0),
  /** The epoch that goes on, from 0. */
  epoch: z.int().min(0),
  /** Batches of it that are done. */
  batch: z.int().min(0),
  /** Sum of the losses of these batches. */
  epochLoss: z.number(),
  /** Likewise of each loss that adds up to it; absent for a task with one loss. */
  epochLosses: z.record(z.string(), z.number()).optional(),
  bestScore: z.number(),
  /** The epoch with that score; null before there is one. */
  bestEpoch: z.int().min(0).nullable(),
});

export type TrainingState = z.output<typeof trainingStateSchema>;

export const INITIAL_STATE: TrainingState = {
  step: 0,
  epoch: 0,
  batch: 0,
  epochLoss: 0,
  bestScore: 0,
  bestEpoch: null,
};
