/** @file One budget of memory for what clients send and what it is decoded to: whoever finds it spent waits in turn. */

import { ServeError } from './serveError.js';

/** Memory that is held; given back once nobody holds it. */
export interface Lease {
  readonly numBytes: number;
  /** One more that gives it back. */
  hold(): void;
  release(): void;
}

export interface MemoryBudgetOptions {
  readonly numBytes: number;
  /** Requests that may wait; one more is refused. */
  readonly maxWaiting: number;
}

interface Waiting {
  readonly numBytes: number;
  readonly resolve: (lease: Lease) => void;
}

export class MemoryBudget {
  readonly numBytes: number;
  readonly #maxWaiting: number;
  readonly #held = { bodies: 0, work: 0 };
  readonly #waiting: Readonly<Record<'bodies' | 'work', Waiting[]>> = { bodies: [], work: [] };
  #numPassed = 0;

  constructor({ numBytes, maxWaiting }: MemoryBudgetOptions) {
    this.numBytes = numBytes;
    this.#maxWaiting = maxWaiting;
  }

  /** Bytes that are held. */
  get numHeld(): number {
    return this.#held.bodies + this.#held.work;
  }

  /** Bytes that were held so far, all together. */
  get numPassed(): number {
    return this.#numPassed;
  }

  /** Requests that wait. */
  get numWaiting(): number {
    return this.#waiting.bodies.length;
  }

  /**
   * Takes memory for what a client is about to send. All bodies together have half of the budget, so that there is
   * always some to decode with what was sent; one that is larger comes alone.
   *
   * @param signal aborted, it ends the waiting
   * @throws ServeError when too many wait, and when the signal is aborted
   */
  async takeForBody(numBytes: number, signal: AbortSignal): Promise<Lease> {
    if (this.#waiting.bodies.length >= this.#maxWaiting) throw this.spent();
    return await this.#take('bodies', numBytes, signal);
  }

  /**
   * Takes memory for work on what was sent; it goes before bodies. What needs more than the budget is done when no other
   * work is.
   */
  async takeForWork(numBytes: number): Promise<Lease> {
    return await this.#take('work', numBytes);
  }

  /** What is said where somebody waited in vain. */
  spent(): ServeError {
    const mebibytes = Math.round(this.numBytes / 2 ** 20);
    return new ServeError(
      'overloaded',
      `Other pictures take the memory that there is for them (${mebibytes} MiB); ask again in a moment.`,
    );
  }

  async #take(kind: 'bodies' | 'work', numBytes: number, signal?: AbortSignal): Promise<Lease> {
    if (signal?.aborted) throw signal.reason;
    return await new Promise<Lease>((resolve, reject) => {
      const stop = (): void => {
        const at = this.#waiting[kind].indexOf(waiting);
        if (at < 0) return;
        this.#waiting[kind].splice(at, 1);
        reject(signal?.reason);
        // Whoever stood behind may need less.
        this.#giveOut();
      };
      const waiting: Waiting = {
        numBytes,
        resolve: (lease) => {
          signal?.removeEventListener('abort', stop);
          resolve(lease);
        },
      };
      this.#waiting[kind].push(waiting);
      signal?.addEventListener('abort', stop, { once: true });
      this.#giveOut();
    });
  }

  #giveOut(): void {
    for (const kind of ['work', 'bodies'] as const) {
      const line = this.#waiting[kind];
      for (let first = line[0]; first !== undefined && this.#fits(kind, first.numBytes); first = line[0]) {
        line.shift();
        first.resolve(this.#lease(kind, first.numBytes));
      }
      // Bodies do not take what work waits for.
      if (line.length > 0) return;
    }
  }

  #fits(kind: 'bodies' | 'work', numBytes: number): boolean {
    // What needs more than there is for its kind goes alone.
    if (this.#held[kind] === 0) return true;
    if (this.numHeld + numBytes > this.numBytes) return false;
    return kind === 'work' || this.#held.bodies + numBytes <= this.numBytes / 2;
  }

  #lease(kind: 'bodies' | 'work', numBytes: number): Lease {
    this.#held[kind] += numBytes;
    this.#numPassed += numBytes;
    let numHolders = 1;
    return {
      numBytes,
      hold: () => {
        numHolders++;
      },
      release: () => {
        if (--numHolders !== 0) return;
        this.#held[kind] -= numBytes;
        this.#giveOut();
      },
    };
  }
}
