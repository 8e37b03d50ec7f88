/** @file Where a run's numbers go: metrics.jsonl for programs, an event file for TensorBoard. */

import type { EpochMetrics } from '../../tasks/index.js';
import type { RunFolder } from '../runFolder.js';
import { EventFile } from '../tensorBoard/eventFile.js';
import type { StepMetrics, TrainerCallback, TrainingStart } from './trainerCallback.js';

/** A trainer with a run folder has one by itself. */
export class RunLog implements TrainerCallback {
  /** None in a process that does not write the run. */
  #events: EventFile | undefined;
  #numBatches = 0;

  constructor(readonly run: RunFolder) {}

  onBegin({ state, numBatches }: TrainingStart): void {
    this.#numBatches = numBatches;
    this.#events = this.run.isOurs
      ? EventFile.create(this.run.path, { numStepsDone: state.step })
      : undefined;
  }

  onRecord(metrics: StepMetrics): void {
    this.run.metrics(metrics);
    const { step } = metrics;
    this.#events?.scalar('train/loss', metrics.loss, step);
    this.#scalars('train/loss', metrics.losses, step);
    this.#events?.scalar('train/gradient_norm', metrics.gradientNorm, step);
    this.#events?.scalar('train/learning_rate', metrics.learningRate, step);
    this.#events?.scalar('train/examples_per_second', metrics.examplesPerSecond, step);
    this.#events?.scalar('train/data_wait_share', metrics.dataWaitShare, step);
    this.#events?.scalar('train/resident_bytes', metrics.residentBytes, step);
    this.#events?.flush();
  }

  onSkippedStep(step: number, lossScale: number): void {
    this.run.log(`Step ${step} changed nothing: a gradient overflowed with the loss scale ${lossScale}.`);
  }

  onEpoch(metrics: EpochMetrics): void {
    this.run.metrics(metrics);
    const step = (metrics.epoch + 1) * this.#numBatches;
    this.#events?.scalar('train/epoch_loss', metrics.meanLoss, step);
    this.#scalars('train/epoch_loss', metrics.meanLosses, step);
    this.#events?.scalar('valid/score', metrics.score, step);
    this.#scalars('valid', metrics.validation, step);
    this.#events?.flush();
  }

  onEnd(): void {
    this.#events?.close();
    this.#events = undefined;
  }

  #scalars(prefix: string, values: Readonly<Record<string, number>> | undefined, step: number): void {
    for (const [name, value] of Object.entries(values ?? {})) {
      this.#events?.scalar(`${prefix}/${name}`, value, step);
    }
  }
}
