/** @file Several callbacks as one, and the end that one of them asks for. */

import type { EpochMetrics } from '../../tasks/index.js';
import type {
  Saved,
  StepMetrics,
  TrainerCallback,
  TrainingControl,
  TrainingResult,
  TrainingStart,
} from './trainerCallback.js';

/** Why a training's signal aborted that a callback stopped. */
export class StoppedByCallback extends Error {
  constructor() {
    super('A callback stopped the training.');
    this.name = 'AbortError';
  }
}

/** True for a signal that a callback aborted, and no person. */
export function isStoppedByCallback(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true && signal.reason instanceof StoppedByCallback;
}

export class CallbackList implements TrainingControl {
  readonly #stop = new AbortController();

  constructor(private readonly callbacks: readonly TrainerCallback[]) {}

  /** Aborts when a callback asks for the end. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** May be taken out of the object: hooks get it as a part of their second argument. */
  readonly stop = (): void => this.#stop.abort(new StoppedByCallback());

  async begin(start: TrainingStart): Promise<void> {
    for (const callback of this.callbacks) await callback.onBegin?.(start, this);
  }

  step(metrics: StepMetrics): void {
    for (const callback of this.callbacks) callback.onStep?.(metrics, this);
  }

  record(metrics: StepMetrics): void {
    for (const callback of this.callbacks) callback.onRecord?.(metrics, this);
  }

  skippedStep(step: number, lossScale: number): void {
    for (const callback of this.callbacks) callback.onSkippedStep?.(step, lossScale);
  }

  async epoch(metrics: EpochMetrics): Promise<void> {
    for (const callback of this.callbacks) await callback.onEpoch?.(metrics, this);
  }

  async save(saved: Saved): Promise<void> {
    for (const callback of this.callbacks) await callback.onSave?.(saved);
  }

  async end(result: TrainingResult | undefined): Promise<void> {
    for (const callback of this.callbacks) await callback.onEnd?.(result);
  }
}
