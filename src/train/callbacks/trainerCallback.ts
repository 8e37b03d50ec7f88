/** @file What a callback of a training is told, and how it can end it. */

import type { EpochMetrics } from '../../tasks/index.js';
import type { TrainingState } from '../snapshots/trainingState.js';
import type { StepRates } from '../stepMeter.js';

/** A step that is done: a line of metrics.jsonl, where it is one of every 20 or the last. */
export interface StepMetrics extends StepRates {
  /** From 1. */
  readonly step: number;
  /** From 0. */
  readonly epoch: number;
  readonly loss: number;
  /** Before clipping. */
  readonly gradientNorm: number;
  readonly learningRate: number;
  /** Of a loss that is made of several. */
  readonly losses?: Readonly<Record<string, number>>;
  /** What the loss was multiplied by, in float16. */
  readonly lossScale?: number;
}

/** Where and how a training begins. */
export interface TrainingStart {
  /** The beginning, or where the run that is resumed was. */
  readonly state: TrainingState;
  /** Steps of an epoch. */
  readonly numBatches: number;
  readonly numEpochs: number;
}

/** Something that was written. */
export interface Saved {
  /** Weights, by the name that the task's `save` gets, or a snapshot: what a run is resumed from. */
  readonly what: 'BEST' | 'LAST' | 'snapshot';
  readonly state: TrainingState;
}

export interface TrainingResult {
  readonly bestScore: number;
  /** From 0; undefined when no epoch was better than nothing. */
  readonly bestEpoch: number | undefined;
  /** Steps done, those before a resume included. */
  readonly numSteps: number;
  /** A signal ended it. */
  readonly wasInterrupted: boolean;
  /** A callback ended it. */
  readonly wasStopped: boolean;
}

export interface TrainingControl {
  /**
   * Ends the training well: after the step under way, with `LAST` and a snapshot of it, or after the epoch that has just
   * ended. Of several processes one is enough.
   */
  stop(): void;
}

/**
 * Hears what happens in a training. All hooks are optional; an error that one throws ends the training. With several
 * processes each has its own callbacks: numbers are the same in all but the rates, and `onSave` is called where something
 * was written.
 */
export interface TrainerCallback {
  /** Before the first step. */
  onBegin?(start: TrainingStart, control: TrainingControl): void | Promise<void>;
  /** After each step; on a GPU when its numbers are known, which is one step later. */
  onStep?(metrics: StepMetrics, control: TrainingControl): void;
  /** After every 20th step and the last; rates are of the steps since the record before. */
  onRecord?(metrics: StepMetrics, control: TrainingControl): void;
  /** After a step that changed nothing, because a gradient overflowed with this loss scale (float16). */
  onSkippedStep?(step: number, lossScale: number): void;
  /** After an epoch, when it was evaluated and saved. */
  onEpoch?(metrics: EpochMetrics, control: TrainingControl): void | Promise<void>;
  /** After something was written into the run folder. */
  onSave?(saved: Saved): void | Promise<void>;
  /** Last of all, also after a failure: then without a result. */
  onEnd?(result: TrainingResult | undefined): void | Promise<void>;
}
