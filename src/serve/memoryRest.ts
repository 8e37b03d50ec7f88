/** @file When a server gives memory back: once it rests after its start or after work, and now and then while large pictures keep coming. */

export interface RestOptions {
  /** What was done so far, in any unit: it grows with each request. */
  readonly numDone: () => number;
  /** Bytes that were taken for pictures so far. */
  readonly numBytesPassed: () => number;
  readonly isBusy: () => boolean;
  /** Gives memory back. */
  readonly rest: () => void;
  /** Milliseconds. Default 5000. */
  readonly interval?: number;
}

const INTERVAL = 5000;
/** Bytes after which memory is worth giving back in between. */
const LARGE = 128 * 1024 * 1024;

/** @returns ends it */
export function startResting({
  numDone,
  numBytesPassed,
  isBusy,
  rest,
  interval = INTERVAL,
}: RestOptions): () => void {
  // To start is work too: what only that needed is free.
  let [doneAtRest, passedAtRest, doneBefore] = [-1, numBytesPassed(), numDone()];
  const timer = setInterval(() => {
    const done = numDone();
    const isQuiet = done === doneBefore && !isBusy();
    doneBefore = done;
    const isDue = isQuiet ? done > doneAtRest : numBytesPassed() - passedAtRest >= LARGE;
    if (!isDue) return;
    [doneAtRest, passedAtRest] = [done, numBytesPassed()];
    rest();
  }, interval);
  timer.unref();
  return () => clearInterval(timer);
}
