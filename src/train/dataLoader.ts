/** @file Which examples each step gets: shuffled each epoch, in shares of the processes and parts of a backward pass. */

import { EpochSampler } from '../data/epochSampler.js';
import type { TaskTraining } from '../tasks/index.js';
import { type BatchSharding, partsOf } from './distributed/shardedBatches.js';
import type { BatchSource } from './trainingStep.js';

export interface DataLoaderOptions {
  /** Examples of a step, in all processes and parts together. */
  readonly batchSize: number;
  /** Of the order. */
  readonly seed: number;
  readonly sharding: BatchSharding;
}

/**
 * Asks a task for batches, and tells it the next one so that it can be fetched meanwhile. The order depends on seed and
 * epoch alone; an incomplete batch at the end of an epoch is left out.
 */
export class DataLoader<Batch> implements BatchSource<Batch> {
  readonly #sampler: EpochSampler;
  #epoch = 0;
  #batches: readonly Uint32Array[] = [];

  constructor(
    private readonly task: Pick<TaskTraining<Batch>, 'numExamples' | 'startEpoch' | 'prepare' | 'prefetch'>,
    private readonly options: DataLoaderOptions,
  ) {
    this.#sampler = new EpochSampler(task.numExamples, options.batchSize, options.seed);
  }

  get numBatches(): number {
    return this.#sampler.numBatches;
  }

  startEpoch(epoch: number): void {
    this.#epoch = epoch;
    this.#batches = this.#sampler.epoch(epoch);
    this.task.startEpoch?.(epoch);
  }

  load(batch: number): Batch[] {
    const parts = this.#parts(batch).map((part) => this.task.prepare([...part], this.#epoch));
    this.task.prefetch?.(this.#parts(batch + 1).flatMap((next) => [...next]));
    return parts;
  }

  /** This process's parts of a batch; empty ones after the last. */
  #parts(batch: number): Uint32Array[] {
    return partsOf(this.#batches[batch] ?? new Uint32Array(), this.options.sharding);
  }
}
