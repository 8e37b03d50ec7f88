/** @file How many threads an engine may be asked for. */

import { UsageError } from '../common/errors.js';

/** More than any machine computes a question with; each takes memory, and too many end the process. */
const MOST_THREADS = 256;

/** @throws UsageError for what is no whole number from 1, or more than any machine has use for */
export function requireNumThreads(numThreads: number | undefined): void {
  if (numThreads === undefined) return;
  if (Number.isInteger(numThreads) && numThreads >= 1 && numThreads <= MOST_THREADS) return;
  throw new UsageError(
    `numThreads (or OMP_NUM_THREADS) must be a whole number from 1 to ${MOST_THREADS}, about as many as the machine has cores; found ${numThreads}.`,
  );
}
