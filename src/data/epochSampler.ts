/** @file In which order a split's examples are seen. */

import { Random } from '../common/random.js';

/**
 * Shuffled batches, another order each epoch. The order depends on seed and epoch alone, so that a resumed run
 * sees what an uninterrupted one would. The last incomplete batch is dropped, as in the reference's training.
 */
export class EpochSampler {
  readonly numBatches: number;

  constructor(
    readonly numExamples: number,
    readonly batchSize: number,
    readonly seed: number,
  ) {
    this.numBatches = Math.floor(numExamples / batchSize);
  }

  /** The batches of one epoch (from 0), each as indices of examples. */
  epoch(epoch: number): Uint32Array[] {
    const order = new Uint32Array(this.numExamples);
    for (let i = 0; i < order.length; i++) order[i] = i;
    Random.derive(this.seed, `epoch ${epoch}`).shuffle<number, Uint32Array>(order);
    return Array.from({ length: this.numBatches }, (_, i) =>
      order.subarray(i * this.batchSize, (i + 1) * this.batchSize),
    );
  }
}

/** Batches in file order, the last one possibly smaller: how a split is evaluated. */
export function sequentialBatches(numExamples: number, batchSize: number): number[][] {
  const batches: number[][] = [];
  for (let start = 0; start < numExamples; start += batchSize) {
    const end = Math.min(start + batchSize, numExamples);
    batches.push(Array.from({ length: end - start }, (_, i) => start + i));
  }
  return batches;
}
