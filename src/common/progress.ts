/** @file How long work reports its progress; the command line decides how it looks. */

/**
 * Told by long work how far it is. `done` and `total` share a unit that the caller names; `detail` is what else is worth
 * seeing now, as in "loss 0.412".
 */
export interface Progress {
  update(done: number, total: number, detail?: string): void;
}

/** Reports to nobody. */
export const silentProgress: Progress = { update: () => undefined };
