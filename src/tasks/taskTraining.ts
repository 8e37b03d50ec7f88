/** @file What a task gives to be trained: its batches, its losses, its scores, and what it leaves in the run folder. */

import type { AnswerTable } from '../data/answerTable.js';
import type { Tensor } from '../torch/index.js';
import type { Sharding } from './sharding.js';

/** Numbers by name. */
export type Counts = Readonly<Record<string, number>>;

/** A loss that is made of several. */
export interface StepLoss {
  /** () float32 with its graph: what is trained. */
  readonly total: Tensor;
  /** What it is made of, each () float32 before it is weighted, by the name it is reported under. */
  readonly parts: Readonly<Record<string, Tensor>>;
}

/** What an evaluation found. */
export interface Evaluation {
  /** What decides which weights are the best. */
  readonly score: number;
  /** Further numbers by name, for the records. */
  readonly details?: Readonly<Record<string, number>>;
}

/** An epoch that has ended: a line of metrics.jsonl. */
export interface EpochMetrics {
  /** From 0. */
  readonly epoch: number;
  /** Mean of the losses of its steps; those that are not finite (float16, whose step is left out) do not count. */
  readonly meanLoss: number;
  /** Likewise of each loss, where there are several. */
  readonly meanLosses?: Readonly<Record<string, number>>;
  /** Further numbers of the evaluation. */
  readonly validation?: Readonly<Record<string, number>>;
  readonly score: number;
  /** The best score so far, this epoch's included. */
  readonly bestScore: number;
  readonly isBest: boolean;
  readonly seconds: number;
}

/** What a task is told once, before the first step. */
export interface TrainingContext {
  /** Steps of an epoch. */
  readonly numBatches: number;
  /** Rows of a batch are to come in multiples of this (`PlaceOptions.rowUnit`). */
  readonly rowUnit: number;
  /** Writes a line into the log and to the person. */
  say(line: string): void;
  /**
   * Gives a part of the model that joins later the step counter of the others, and with it their learning rate.
   *
   * @param isJoining by parameter name
   * @param step steps that the others have been trained
   */
  joinOptimizer(isJoining: (parameterName: string) => boolean, step: number): void;
}

export interface EvaluationContext {
  /** Aborts when the evaluation is to be given up. */
  readonly signal: AbortSignal | undefined;
  /** Does the work in shares (`shareOf`), one in each process, and gives those of all processes in order. */
  inShares<T>(work: (sharding: Sharding, signal: AbortSignal | undefined) => Promise<T>): Promise<T[]>;
}

/**
 * A task bound to a model and to data: everything that a `Trainer` asks for, batch by batch. One of a user's own needs
 * `name`, `numExamples`, `data`, `answerTable`, `prepare`, `place`, `loss`, `evaluate`, `save` and `describeEpoch`.
 */
export interface TaskTraining<Batch = unknown, Placed = unknown> {
  /** As config.json calls it. */
  readonly name: string;
  /** Training examples; batches name them by their indices, 0 to one below this. */
  readonly numExamples: number;
  /** What the data is, as numbers that change when it does; kept in config.json, compared when a run is resumed. */
  readonly data: Readonly<Record<string, number>>;
  /**
   * What the data is, as a hash of each of its parts by name. Kept in config.json, compared when a run is resumed and
   * between the processes of a run; answers and vocabulary are hashed by the trainer. Without it a run with other data of
   * the same size goes on unnoticed.
   */
  contentHashes?(): Readonly<Record<string, string>>;
  /** Saved in the run folder; undefined for a task without answers. */
  readonly answerTable: AnswerTable | undefined;
  /** Which scores are better; `higher` unless it says otherwise, and then a score must be above 0 to be the best. */
  readonly better?: 'higher' | 'lower';
  /** The first epoch whose score means the same as this epoch's; the first of all unless it says otherwise. */
  comparableFrom?(epoch: number): number;
  /** Called once, when model and optimizer are as they were at the run's place (resumed, or the first weights loaded). */
  begin?(context: TrainingContext): void;
  /** Called before an epoch's first step. */
  startEpoch?(epoch: number): void;
  /** A part of a batch, as the tensors of its inputs and targets. Called inside a scope. */
  prepare(examples: readonly number[], epoch: number): Batch;
  /** Told the examples of the next step, whose data can be fetched while this one is computed. */
  prefetch?(examples: readonly number[]): void;
  /**
   * What the losses' sums are divided by, by name; those of the parts of a batch add up. Without it the loss is a mean
   * over a part's examples, of which all parts have as many.
   */
  counts?(batch: Batch): Counts;
  /**
   * Brings a part to where the model computes. What is decided on the CPU is decided here: plain objects of tensors and
   * numbers, from which the loss is made by kernels alone. Called inside the same scope.
   *
   * @param whole the counts of the whole batch, when this is but a part of it: losses of the parts then add up to that
   *   of the batch
   */
  place(batch: Batch, whole?: Counts): Placed;
  /**
   * The forward pass of a part and its loss, () float32 with its graph. Called inside a scope; on a GPU nothing in it may
   * wait for the GPU.
   */
  loss(placed: Placed): Tensor | StepLoss;
  /** How good the model is after an epoch. */
  evaluate(context: EvaluationContext): Promise<Evaluation>;
  /**
   * Writes weights, and what belongs to them, into the run folder: `BEST` after an epoch that was the best so far, `LAST`
   * after each epoch and when the training ends before its end.
   *
   * @param epoch the epoch that has ended; undefined in the middle of one
   */
  save(name: 'BEST' | 'LAST', epoch: number | undefined): Promise<void>;
  /** What `LAST` is called in messages about a run that fails; LAST.pth unless it says otherwise. */
  readonly lastFile?: string;
  /** An epoch in a line for a person. */
  describeEpoch(metrics: EpochMetrics): string;
  /** Called when the training has ended well or was interrupted. */
  finish?(result: { readonly bestScore: number; readonly wasInterrupted: boolean }): void;
}
