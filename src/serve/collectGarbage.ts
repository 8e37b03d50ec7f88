/** @file Collecting garbage at a moment of one's own choice: what is not needed any more is freed, and not at the next need. */

import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Milliseconds in which objects of addons are ended. */
const FINALIZING = 50;

let collect: (() => void) | undefined;

/**
 * Frees what this thread does not need any more; some milliseconds for tens of megabytes. Twice: what objects of addons hold
 * is let go after the first time.
 */
export async function collectGarbage(): Promise<void> {
  collectOnce();
  await setTimeout(FINALIZING);
  collectOnce();
}

function collectOnce(): void {
  if (collect === undefined) {
    // Contexts that are made afterwards have the collector as a function; Node.js needs no flag at its start.
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
    setFlagsFromString('--no-expose-gc');
  }
  collect();
}
