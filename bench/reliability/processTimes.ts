/** @file What a process has computed, what it has waited for a processor, and what for anything else: other load must not look like a hang. */

import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessTimes {
  /** Seconds of its threads on a processor. */
  readonly processor: number;
  /** The same, with the seconds that they were ready and other processes had the processors. */
  readonly active: number;
}

/** Undefined once it is gone. */
export function processTimes(pid: number): ProcessTimes | undefined {
  try {
    let [processor, active] = [0, 0];
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      // Nanoseconds on a processor, nanoseconds ready to run, and how often it ran.
      const text = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8');
      const [ran = 0, waited = 0] = text.split(' ').map(Number);
      processor += ran / 1e9;
      active += (ran + waited) / 1e9;
    }
    return { processor, active };
  } catch {
    return undefined;
  }
}
