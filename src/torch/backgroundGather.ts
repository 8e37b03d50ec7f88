/** @file Rows brought together by threads of their own. */

import { numGpus } from './device.js';
import type { DType } from './dtype.js';
import { native } from './native.js';
import { empty, emptyPinned } from './operators/creation.js';
import type { Tensor } from './tensor.js';

export interface Gathering {
  /** Returns when all rows are there; nobody may read them before. */
  wait(): void;
}

/** Uninitialised memory of the processor; where there are GPUs, such as they read by themselves. */
export function emptyForGpus(shape: readonly number[], dtype: DType): Tensor {
  return numGpus() > 0 ? emptyPinned(shape, dtype) : empty(shape, { dtype });
}

/**
 * Begins to set output[i] = sources[sourceOf[i]][rowOf[i]].
 *
 * @param sources contiguous, of the output's dtype and row shape; mapped files are read by the threads
 */
export function gatherInBackground(
  output: Tensor,
  sources: readonly Tensor[],
  sourceOf: Int32Array,
  rowOf: Int32Array,
  numThreads: number,
): Gathering {
  return new (native().BackgroundGather)(output, sources, sourceOf, rowOf, numThreads);
}
