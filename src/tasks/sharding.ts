/** @file Which examples of a split each of several processes works on. */

/** This process among several. */
export interface Sharding {
  /** From 0. */
  readonly rank: number;
  /** How many there are. */
  readonly worldSize: number;
}

/**
 * A process's share of a split for evaluation. The shares of all processes, one after the other, are the split;
 * neighbours, which are often about one image, stay together.
 */
export function shareOf<T>(examples: readonly T[], { rank, worldSize }: Sharding): T[] {
  const boundary = (part: number): number => Math.floor((part * examples.length) / worldSize);
  return examples.slice(boundary(rank), boundary(rank + 1));
}
