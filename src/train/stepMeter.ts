/** @file How fast the steps of a training go, and what of their time is spent waiting for data. */

import { formatRate } from '../formats/numbers.js';

/** What was measured since the last record. */
export interface StepRates {
  readonly examplesPerSecond: number;
  /** Share of the time, 0 to 1, in which batches were read and put together while nothing was computed. */
  readonly dataWaitShare: number;
  /** Resident memory of the process in bytes. */
  readonly residentBytes: number;
}

export class StepMeter {
  #start = performance.now();
  #waited = 0;
  #numSteps = 0;

  constructor(private readonly batchSize: number) {}

  /** Begins anew: what came before, such as an evaluation, is no training time. */
  restart(): void {
    this.#start = performance.now();
    this.#waited = 0;
    this.#numSteps = 0;
  }

  /** Runs work that makes a batch, and counts its time as waiting. */
  waiting<T>(work: () => T): T {
    const start = performance.now();
    const result = work();
    this.#waited += performance.now() - start;
    return result;
  }

  stepDone(): void {
    this.#numSteps++;
  }

  rates(): StepRates {
    const elapsed = Math.max(performance.now() - this.#start, Number.MIN_VALUE);
    return {
      examplesPerSecond: (1000 * this.#numSteps * this.batchSize) / elapsed,
      dataWaitShare: Math.min(1, this.#waited / elapsed),
      residentBytes: process.memoryUsage.rss(),
    };
  }
}

/** The rates for the progress line: "loss 0.412, 2,190 examples/s, data wait 1 %, 0.31 GiB". */
export function describeStep(
  loss: number,
  { examplesPerSecond, dataWaitShare, residentBytes }: StepRates,
): string {
  const memory = (residentBytes / 2 ** 30).toFixed(2);
  return `loss ${loss.toPrecision(3)}, ${formatRate(examplesPerSecond)} examples/s, data wait ${Math.round(100 * dataWaitShare)} %, ${memory} GiB`;
}
