/** @file How long work reports its progress; the command line decides how it looks. */

/** Told by long work how far it is. `done` and `total` share a unit that the caller names. */
export interface Progress {
  update(done: number, total: number): void;
}

/** Reports to nobody. */
export const silentProgress: Progress = { update: () => undefined };
