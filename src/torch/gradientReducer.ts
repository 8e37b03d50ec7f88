/** @file Sums of gradients over processes, computed while the backward pass still runs (native/distributed/reducer.h). */

import type { ProcessGroup } from './distributed.js';
import { native } from './native.js';
import type { NativeGradientReducer, ReducerTimes } from './nativeBinding.js';
import type { Tensor } from './tensor.js';

/** Where the gradient of a leaf lies. */
export interface GradientPlace {
  readonly leaf: Tensor;
  /** Which of the buffers. */
  readonly buffer: number;
  readonly offset: number;
  readonly length: number;
}

export interface GradientReducerOptions {
  /** Flat gradients. What lies between the leaves' places is zero. */
  readonly buffers: readonly Tensor[];
  /** In the order in which the forward pass uses the leaves, as far as it is known; the same in all processes. */
  readonly places: readonly GradientPlace[];
  /** The most bytes that are sent as one; a larger leaf is sent alone. */
  readonly bucketBytes: number;
}

/** What was sent in a step, and how much of it was hidden behind the backward pass. */
export interface ReductionTimes {
  readonly numBuckets: number;
  readonly bytes: number;
  /** Milliseconds from `prepare`, right before the backward pass. */
  readonly firstLaunch: number;
  readonly backwardEnd: number;
  readonly waitsEnd: number;
  /** Milliseconds in which at least one bucket was under way. */
  readonly communication: number;
  /** Those of them in which the backward pass still ran. */
  readonly overlapped: number;
}

export class GradientReducer implements Disposable {
  readonly #native: NativeGradientReducer;

  constructor(
    readonly group: ProcessGroup,
    { buffers, places, bucketBytes }: GradientReducerOptions,
    /** For numbers of the processors, when the gradients' group is for GPUs. */
    hostGroup: ProcessGroup = group,
  ) {
    const { GradientReducer: Native } = native();
    const leaves = places.map(({ leaf }) => leaf);
    const numbers = places.flatMap(({ buffer, offset, length }) => [buffer, offset, length]);
    this.#native = new Native!(
      group.handle,
      group.rank,
      buffers,
      leaves,
      numbers,
      bucketBytes,
      hostGroup.handle,
    );
  }

  /** Says that the gradients of the next backward pass are the ones to sum, together with those there are already. */
  prepare(): void {
    this.#native.prepare();
  }

  /**
   * Sums what is not summed yet and waits for all. A leaf with a gradient in any process has one in all afterwards;
   * the others have none in any.
   *
   * @param extras numbers to sum with the gradients
   * @returns the sums of the extras over all processes
   * @throws CollectiveError when another process is gone or does not answer; gradients are then worthless
   */
  finish(extras: readonly number[] = []): number[] {
    return this.group.guarded(() => this.#native.finish(extras));
  }

  /** Of the last step. */
  times(): ReductionTimes {
    const times = this.#native.times();
    const spans = spansOf(times);
    return {
      numBuckets: times.launches.length,
      bytes: times.bytes.reduce((sum, bytes) => sum + bytes, 0),
      firstLaunch: times.launches[0] ?? times.backwardEnd,
      backwardEnd: times.backwardEnd,
      waitsEnd: times.waitsEnd,
      communication: coveredTime(spans, Number.POSITIVE_INFINITY),
      overlapped: coveredTime(spans, times.backwardEnd),
    };
  }

  /** The leaves of each bucket by their places' indices, in the order of launch in the next step. */
  buckets(): number[][] {
    return this.#native.buckets();
  }

  [Symbol.dispose](): void {
    if (this.group.isBroken) this.#native.abandon();
    else this.#native.dispose();
  }
}

type Span = readonly [start: number, end: number];

function spansOf({ launches, completions }: ReducerTimes): Span[] {
  return launches.map((launch, i) => [launch, completions[i] ?? launch]);
}

/** The length of the union of spans, as far as it lies before `end`. */
function coveredTime(spans: readonly Span[], end: number): number {
  let covered = 0;
  let reached = 0;
  for (const [start, stop] of [...spans].sort((a, b) => a[0] - b[0])) {
    const from = Math.max(start, reached);
    const to = Math.min(stop, end);
    if (to > from) covered += to - from;
    reached = Math.max(reached, to);
  }
  return covered;
}
