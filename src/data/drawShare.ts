/** @file Some of many examples, for training with few. */

import { Random } from '../common/random.js';

/**
 * A share of the items, at least one, drawn by the seed and in their order. Smaller shares of one seed are part of larger
 * ones.
 *
 * @param share above 0 and at most 1
 */
export function drawShare<T>(items: readonly T[], share: number, seed: number): readonly T[] {
  const numKept = Math.max(1, Math.round(share * items.length));
  if (numKept >= items.length) return items;
  const order = Random.derive(seed, 'share').shuffle(Uint32Array.from(items, (_, i) => i));
  return [...order.subarray(0, numKept).sort()].map((i) => items[i] as T);
}
