/**
 * @file Training by several processes on shares of each batch: one set of weights, gradients averaged over all, one
 * process that speaks and writes.
 */

import { Random } from '../../common/random.js';
import {
  type GradientPlace,
  GradientReducer,
  type KeyStore,
  manualSeed,
  noGrad,
  type ProcessGroup,
  type ReductionTimes,
  scope,
  type Tensor,
  tensor,
} from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';
import { isStoppedByCallback, StoppedByCallback } from '../callbacks/callbackList.js';
import type { FlatParameters } from '../optimizers/flatParameters.js';
import type { Optimizer } from '../optimizers/optimizer.js';
import type { RunFolder } from '../runFolder.js';
import type { StepProcessGroup } from '../trainingStep.js';
import { gatherValues } from './gatherValues.js';
import { meet, type RendezvousOptions } from './rendezvous.js';
import { takeRescue } from './rescue.js';

/** Gradients are sent in parts of about this size, as PyTorch's DistributedDataParallel does. */
const DEFAULT_BUCKET_BYTES = 25 * 2 ** 20;

export interface DataParallelOptions extends RendezvousOptions {
  /** Of the run; each step's random numbers follow from it. */
  readonly seed: number;
  /** Of the run that process 0 writes; another takes it over when process 0 is gone. */
  readonly run: Pick<RunFolder, 'path' | 'takeOver'>;
}

export class DataParallel implements Disposable, StepProcessGroup {
  readonly rank: number;
  readonly worldSize: number;
  readonly #stop = new AbortController();
  #reducer: GradientReducer | undefined;

  private constructor(
    readonly group: ProcessGroup,
    readonly runId: string,
    readonly store: KeyStore,
    readonly options: DataParallelOptions,
    /** Sums what lies on GPUs; the CPUs' group where there are none. */
    private readonly tensorGroup: ProcessGroup,
  ) {
    this.rank = options.process.rank;
    this.worldSize = options.process.worldSize;
  }

  /** Waits for the other processes and compares with them. @throws LxmertError when they do not fit together */
  static async join(options: DataParallelOptions): Promise<DataParallel> {
    const { store, group, gpuGroup, runId } = await meet(options);
    return new DataParallel(group, runId, store, options, gpuGroup ?? group);
  }

  /** True for the process that speaks and writes. */
  get isFirst(): boolean {
    return this.rank === 0;
  }

  /**
   * Aborts in all processes between the same two steps, once any of them was asked to stop; `isStoppedByCallback` tells
   * who asked.
   */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Every process's value, by rank. */
  gather<T>(value: T): T[] {
    return gatherValues(this.group, value);
  }

  /** Replaces tensors by those of process 0. */
  broadcast(tensors: readonly Tensor[]): void {
    for (const tensor of tensors) {
      if (tensor.device === 'cpu' || this.tensorGroup !== this.group) {
        this.tensorGroup.broadcast(tensor, 0).wait();
        continue;
      }
      scope(() => {
        const copy = ops.toDeviceOf(tensor, 'cpu');
        this.group.broadcast(copy, 0).wait();
        noGrad(() => ops.copy_(tensor, copy));
      });
    }
  }

  /**
   * Gives all processes the weights, the optimizer's state and a place in the run that process 0 has, and sums
   * gradients over the processes from now on.
   *
   * @param start where process 0 begins
   * @returns it, in all processes
   */
  begin<T>(flat: FlatParameters, optimizer: Optimizer, start: T | undefined): T | undefined {
    const [first] = this.gather(this.isFirst ? { start: start ?? null, steps: optimizer.steps } : null);
    this.broadcast(flat.groups.map(({ values }) => values));
    if (first?.start != null) {
      this.broadcast(optimizer.moments);
      optimizer.steps = first.steps;
    }
    flat.refreshCopies();
    this.reduceGradientsOf(flat);
    return first?.start ?? undefined;
  }

  /** From now on gradients of these parameters are summed over the processes. */
  reduceGradientsOf(flat: FlatParameters, bucketBytes = DEFAULT_BUCKET_BYTES): void {
    this.#reducer?.[Symbol.dispose]();
    const buffers = flat.groups.map(({ gradients }) => gradients);
    const work = { buffers, places: this.#placesOf(flat), bucketBytes };
    this.#reducer = new GradientReducer(this.tensorGroup, work, this.group);
  }

  /** In the order of the model, as far as it is known: the groups are interleaved by the share of each that is before. */
  #placesOf(flat: FlatParameters): (GradientPlace & { readonly name: string })[] {
    const places = flat.groups.flatMap(({ parameters, values }, buffer) =>
      parameters.map(({ name, tensor, offset, length }) => ({
        place: { name, leaf: tensor, buffer, offset, length },
        share: offset / values.numel,
      })),
    );
    return places.sort((a, b) => a.share - b.share).map(({ place }) => place);
  }

  /**
   * Random numbers of a step depend on the seed, the step and the process alone. So a run that goes on draws what it
   * would have drawn, though no process knows the others' generators.
   */
  beforeStep(step: number): void {
    manualSeed(Random.derive(this.options.seed, `step ${step} of process ${this.rank}`).uint32());
  }

  /** Called before the last backward pass of a step. */
  beforeLastBackward(): void {
    this.#reducer?.prepare();
  }

  /**
   * Sums the gradients over all processes, and tells them whether this one was asked to stop, by a person or a callback.
   *
   * @param numbers summed with them, and returned as sums
   * @throws CollectiveError when another process is gone or does not answer
   */
  afterBackward(numbers: readonly number[]): number[] {
    const { signal } = this.options;
    const isStopped = isStoppedByCallback(signal);
    const isInterrupted = signal?.aborted === true && !isStopped;
    const [interrupted = 0, stopped = 0, ...sums] =
      this.#reducer?.finish([isInterrupted ? 1 : 0, isStopped ? 1 : 0, ...numbers]) ?? [];
    if (interrupted > 0) this.#stop.abort();
    else if (stopped > 0) this.#stop.abort(new StoppedByCallback());
    return sums;
  }

  /** Sums of numbers over all processes. */
  sum(numbers: readonly number[]): number[] {
    return scope(() => {
      const sums = tensor(Float64Array.from(numbers));
      this.group.allReduce(sums).wait();
      return [...(sums.data() as Float64Array)];
    });
  }

  /** The parameters that are sent together, in the order in which the next step sends them. */
  bucketNames(flat: FlatParameters): string[][] {
    const names = this.#placesOf(flat).map(({ name }) => name);
    return (this.#reducer?.buckets() ?? []).map((bucket) => bucket.map((index) => names[index] ?? ''));
  }

  /** Of the last step's gradients. */
  times(): ReductionTimes | undefined {
    return this.#reducer?.times();
  }

  /**
   * Runs work of which each process does a share, and brings the shares together. When any process was asked to stop
   * meanwhile, all throw an AbortError.
   */
  async shared<T>(work: (signal: AbortSignal | undefined) => Promise<T>): Promise<T[]> {
    const { signal } = this.options;
    let share: T | undefined;
    try {
      share = await work(signal);
    } catch (error) {
      if (signal?.aborted !== true) throw error;
    }
    const wasStopped = isStoppedByCallback(signal);
    const shares = this.gather<{ share: T } | { wasStopped: boolean }>(
      share === undefined ? { wasStopped } : { share },
    );
    const missing = shares.filter((each) => 'wasStopped' in each);
    if (missing.some((each) => !each.wasStopped)) this.#stop.abort();
    else if (missing.length > 0) this.#stop.abort(new StoppedByCallback());
    this.signal.throwIfAborted();
    return shares.map((each) => (each as { share: T }).share);
  }

  /**
   * After a failure: undefined in the process that is to save the run, else a sentence on who does. Of those that see
   * the same folder that is process 0; when it is gone or hangs, the first of the others.
   */
  async savedElsewhere(): Promise<string | undefined> {
    const { run } = this.options;
    if (!(await takeRescue(run.path, this.runId, this.isFirst))) return 'Another process saves the run.';
    run.takeOver();
    return undefined;
  }

  [Symbol.dispose](): void {
    // Operations that one process gave up are never ended by the others.
    if (this.group.isBroken || this.tensorGroup.isBroken) {
      this.group.giveUp();
      this.tensorGroup.giveUp();
    }
    this.#reducer?.[Symbol.dispose]();
    if (this.tensorGroup !== this.group) this.tensorGroup[Symbol.dispose]();
    this.group[Symbol.dispose]();
    this.store[Symbol.dispose]();
  }
}
