/** @file What a training trains: batches, loss, and how good the model is after an epoch. */

import type { Tensor } from '../torch/index.js';

/** A loss that is made of several. */
export interface StepLoss {
  /** A scalar with its graph: what is trained. */
  readonly total: Tensor;
  /** What it is made of, scalars by the name they are reported under, each before it is weighted. */
  readonly parts: Readonly<Record<string, Tensor>>;
}

/** Numbers by name. */
export type Counts = Readonly<Record<string, number>>;

/** What an evaluation found. */
export interface Evaluation {
  /** What decides which weights are the best. */
  readonly score: number;
  /** Further numbers by name, for the records. */
  readonly details: Readonly<Record<string, number>>;
}

/** What is trained: its batches, its loss, and how good it is after an epoch. */
export interface TrainingTask<Batch = unknown, Placed = unknown> {
  readonly numBatches: number;
  /** Examples of a step, in all processes and parts together. */
  readonly batchSize: number;
  /** Backward passes of a step, each over an equal part of this process's share of the batch; 1 when absent. */
  readonly numParts?: number;
  /** Called before an epoch's first batch; shuffles. */
  startEpoch(epoch: number): void;
  /** A part of a batch of the current epoch, as the tensors of its inputs and targets. Called inside a scope. */
  prepare(batch: number, part: number): Batch;
  /**
   * What the losses' sums are divided by, by name; those of the parts of a batch add up. Without it the loss is a mean
   * over a part's examples, of which all parts have as many.
   */
  counts?(prepared: Batch): Counts;
  /**
   * Brings a part to where the model computes. What is decided on the processor is decided here: plain objects of tensors
   * and numbers, from which the loss is made by kernels alone. Called inside the same scope.
   *
   * @param whole the counts of the whole batch, when this is but a part of it: losses of the parts then add up to that
   *   of the batch
   */
  place(prepared: Batch, whole?: Counts): Placed;
  /** The loss of a part, a scalar with its graph. Called inside a scope; on a card nothing in it may wait for the card. */
  loss(placed: Placed): Tensor | StepLoss;
  /** The score that decides which snapshot is best. */
  evaluate(signal: AbortSignal | undefined): Promise<number | Evaluation>;
  /** Which scores are better; `higher` unless it says otherwise. */
  readonly better?: 'higher' | 'lower';
  /** The first epoch whose score means the same as this epoch's; the first of all unless it says otherwise. */
  comparableFrom?(epoch: number): number;
}
