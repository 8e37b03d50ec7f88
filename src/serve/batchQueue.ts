/** @file Requests that arrive at about the same time, done together: a queue with limits that gives out batches. */

import { setImmediate } from 'node:timers/promises';
import { ServeError } from './serveError.js';

const RESOLVED_AT_ONCE = 4;

export interface BatchQueueOptions<Item, Result> {
  /** Items done together at most. */
  readonly maxBatch: number;
  /** Milliseconds that the first item of a batch waits for others while nothing is at work. */
  readonly maxWait: number;
  /** Items that may wait; one more is refused. */
  readonly maxQueued: number;
  /** Batches at work at the same time. */
  readonly numWorkers: number;
  /** Items of one group stand together in a batch: questions about one image share its encoding. */
  readonly groupOf: (item: Item) => string;
  /** Sizes of items, and what those of a batch may have together; one that is larger comes alone. Default: no matter. */
  readonly size?: { readonly of: (item: Item) => number; readonly most: number };
  /** @returns a result for each item, in order */
  readonly run: (items: readonly Item[]) => Promise<readonly Result[]>;
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
  isCancelled: boolean;
}

export class BatchQueue<Item, Result> {
  #waiting: Waiting<Item, Result>[] = [];
  #numAtWork = 0;
  #timer: NodeJS.Timeout | undefined;
  #idle: (() => void)[] = [];

  constructor(private readonly options: BatchQueueOptions<Item, Result>) {}

  get numWaiting(): number {
    return this.#waiting.length;
  }

  /** True while a batch is at work. */
  get isBusy(): boolean {
    return this.#numAtWork > 0;
  }

  /**
   * Does an item with others.
   *
   * @param signal aborted while the item waits, it takes it out of the queue; what is at work goes on
   * @throws ServeError when too many wait, and what `run` throws for this item alone
   */
  add(item: Item, signal?: AbortSignal): Promise<Result> {
    if (this.#waiting.length >= this.options.maxQueued) {
      return Promise.reject(
        new ServeError(
          'overloaded',
          `${this.#waiting.length} questions are waiting already; ask again in a moment.`,
        ),
      );
    }
    return new Promise<Result>((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const entry: Waiting<Item, Result> = { item, resolve, reject, isCancelled: false };
      signal?.addEventListener(
        'abort',
        () => {
          entry.isCancelled = true;
          if (!this.#waiting.includes(entry)) return;
          this.#waiting = this.#waiting.filter((each) => each !== entry);
          reject(signal.reason);
        },
        { once: true },
      );
      this.#waiting.push(entry);
      this.#schedule();
    });
  }

  /** Resolves when nothing waits and nothing is at work. */
  async drain(): Promise<void> {
    if (this.#waiting.length === 0 && this.#numAtWork === 0) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #schedule(): void {
    const { maxBatch, maxWait, numWorkers } = this.options;
    if (this.#numAtWork >= numWorkers || this.#waiting.length === 0) return;
    // While others are at work, those that come meanwhile are the next batch; else a moment is given to gather some.
    if (this.#waiting.length >= maxBatch || maxWait <= 0) this.#start();
    else this.#timer ??= setTimeout(() => this.#start(), maxWait);
  }

  #start(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const batch = this.#takeBatch();
    // All that waited were cancelled.
    if (batch.length === 0) {
      this.#tellIdle();
      return;
    }
    this.#numAtWork++;
    void this.#work(batch).finally(() => {
      this.#numAtWork--;
      if (this.#waiting.length > 0) this.#startNext();
      else this.#tellIdle();
    });
    this.#schedule();
  }

  #tellIdle(): void {
    if (this.#numAtWork === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** What gathered while a batch was at work has waited long enough. */
  #startNext(): void {
    if (this.#numAtWork < this.options.numWorkers) this.#start();
  }

  /** The oldest item with all others of its group, then the next oldest with its group, ... */
  #takeBatch(): Waiting<Item, Result>[] {
    const { maxBatch, groupOf } = this.options;
    const groups = new Map<string, Waiting<Item, Result>[]>();
    for (const entry of this.#waiting) {
      const group = groupOf(entry.item);
      const members = groups.get(group);
      if (members === undefined) groups.set(group, [entry]);
      else members.push(entry);
    }
    const batch = this.#withinSize([...groups.values()].flat().slice(0, maxBatch));
    const taken = new Set(batch);
    this.#waiting = this.#waiting.filter((entry) => !taken.has(entry));
    return batch;
  }

  #withinSize(entries: Waiting<Item, Result>[]): Waiting<Item, Result>[] {
    const { size } = this.options;
    if (size === undefined) return entries;
    let [end, total] = [0, 0];
    for (const { item } of entries) {
      total += size.of(item);
      if (total > size.most && end > 0) break;
      end++;
    }
    return entries.slice(0, end);
  }

  async #work(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await this.options.run(batch.map(({ item }) => item));
      for (const [i, { resolve }] of batch.entries()) {
        resolve(results[i] as Result);
        // Each begins a response, and its client's next request: the event loop does other things in between.
        if (i % RESOLVED_AT_ONCE === RESOLVED_AT_ONCE - 1) await setImmediate();
      }
    } catch (error) {
      const [only] = batch;
      if (batch.length === 1) return only?.reject(error);
      // Whose fault it was is not known: each by itself, so that one does no harm to the others.
      for (const entry of batch) {
        if (entry.isCancelled) entry.reject(error);
        else await this.#work([entry]);
      }
    }
  }
}
