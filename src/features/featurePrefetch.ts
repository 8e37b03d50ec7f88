/** @file Features of one batch that threads bring together while something else is done. */

import { emptyForGpus, type Gathering, gatherInBackground, keep, type Tensor } from '../torch/index.js';
import { detach } from '../torch/operators/index.js';

/** Threads that read: enough for memory's speed, few beside those that compute. */
const NUM_THREADS = 2;

export class FeaturePrefetcher implements Disposable {
  readonly #output: Tensor;
  readonly #gathering: Gathering;
  #isTaken = false;

  /**
   * @param indices what the batch is asked for by
   * @param sources (N, regions, F) each, of one format
   * @param sourceOf of each image, its source
   * @param rowOf of each image, its row there
   */
  constructor(
    private readonly indices: readonly number[],
    sources: readonly Tensor[],
    sourceOf: Int32Array,
    rowOf: Int32Array,
  ) {
    const [, ...rest] = sources[0]?.shape ?? [];
    this.#output = keep(emptyForGpus([indices.length, ...rest], sources[0]?.dtype ?? 'float32'));
    this.#gathering = gatherInBackground(this.#output, sources, sourceOf, rowOf, NUM_THREADS);
  }

  /** Whether these are the images, in this order, and nobody has taken them. */
  isFor(indices: readonly number[]): boolean {
    return (
      !this.#isTaken &&
      indices.length === this.indices.length &&
      indices.every((index, i) => index === this.indices[i])
    );
  }

  /** The features (B, regions, F), the caller's from now on; waits until they are there. */
  take(): Tensor {
    this.#gathering.wait();
    this.#isTaken = true;
    // A handle of its own: that one belongs to the scope it is asked for in.
    const features = detach(this.#output);
    this.#output.dispose();
    return features;
  }

  dispose(): void {
    this.#gathering.wait();
    if (!this.#isTaken) this.#output.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
