/** @file Which examples of a global batch each process and each backward pass works on. */

import { UsageError } from '../../common/errors.js';
import type { Sharding } from '../../tasks/index.js';

export interface BatchSharding extends Sharding {
  /** Backward passes in a step of the optimizer, in each process. */
  readonly accumulationSteps: number;
}

/**
 * @throws UsageError when a batch cannot be cut into equal parts: the mean over it would not be the mean of their means
 */
export function requireDivisible(
  batchSize: number,
  { worldSize, accumulationSteps }: Omit<BatchSharding, 'rank'>,
): void {
  const numParts = worldSize * accumulationSteps;
  if (batchSize % numParts === 0) return;
  const below = batchSize - (batchSize % numParts);
  const good = below === 0 ? String(numParts) : `${below} or ${below + numParts}`;
  throw new UsageError(
    `A batch of ${batchSize} examples cannot be cut into equal parts for ${worldSize} process${worldSize === 1 ? '' : 'es'} times ${accumulationSteps} accumulation step${accumulationSteps === 1 ? '' : 's'}. Use a --batch-size of ${good}.`,
  );
}

/**
 * A process's parts of a global batch, one for each backward pass. The parts of all processes together are the batch,
 * whatever their number: each process has one contiguous slice of it.
 */
export function partsOf<T extends { readonly length: number; subarray(start: number, end: number): T }>(
  batch: T,
  { rank, worldSize, accumulationSteps }: BatchSharding,
): T[] {
  const size = batch.length / (worldSize * accumulationSteps);
  const first = rank * accumulationSteps;
  return Array.from({ length: accumulationSteps }, (_, part) =>
    batch.subarray((first + part) * size, (first + part + 1) * size),
  );
}
