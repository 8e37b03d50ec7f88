/** @file Ends a training whose score has stopped to rise. */

import { UsageError } from '../../common/errors.js';
import type { EpochMetrics } from '../../tasks/index.js';
import type { TrainerCallback, TrainingControl, TrainingStart } from './trainerCallback.js';

/** Stops after `patience` epochs in a row that were not the best so far, a run's epochs before a resume included. */
export class EarlyStopping implements TrainerCallback {
  #bestEpoch = -1;

  /**
   * @param patience epochs, at least 1
   * @throws UsageError for anything else
   */
  constructor(readonly patience: number) {
    if (!(patience >= 1)) {
      throw new UsageError(`EarlyStopping needs a patience of at least 1 epoch, and got ${patience}.`);
    }
  }

  onBegin({ state }: TrainingStart, control: TrainingControl): void {
    this.#bestEpoch = state.bestEpoch ?? -1;
    this.#decide(state.epoch - 1, control);
  }

  onEpoch({ epoch, isBest }: EpochMetrics, control: TrainingControl): void {
    if (isBest) this.#bestEpoch = epoch;
    this.#decide(epoch, control);
  }

  #decide(epoch: number, control: TrainingControl): void {
    if (epoch - this.#bestEpoch >= this.patience) control.stop();
  }
}
