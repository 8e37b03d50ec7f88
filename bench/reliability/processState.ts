/** @file What a process has computed, and whether it wants to: on a busy machine only that tells a slow process from one that waits for nothing. */

import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessState {
  /** Seconds of its threads on a processor. */
  readonly processor: number;
  /** A thread runs, or would if there were a processor or a disk for it. */
  readonly isBusy: boolean;
}

/** Undefined once it is gone. */
export function processState(pid: number): ProcessState | undefined {
  try {
    let processor = 0;
    let isBusy = false;
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const text = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8').replace(/^.*\) /s, '');
      const fields = text.split(' ');
      // The state, and user and system time in ticks of 1/100 s, are the 3rd, 14th and 15th field.
      isBusy ||= fields[0] === 'R' || fields[0] === 'D';
      processor += (Number(fields[11]) + Number(fields[12])) / 100;
    }
    return { processor, isBusy };
  } catch {
    return undefined;
  }
}

/** Adds up the time in which a process that is looked at again and again waited for something else than a processor. */
export class IdleClock {
  #idle = 0;
  #lookedAt = performance.now();

  /** Seconds since the last {@link reset}. */
  look(isBusy: boolean): number {
    const now = performance.now();
    // A watcher that gets no processor itself knows nothing of the time in between.
    if (!isBusy) this.#idle += Math.min(1, (now - this.#lookedAt) / 1000);
    this.#lookedAt = now;
    return this.#idle;
  }

  reset(): void {
    this.#idle = 0;
  }
}
