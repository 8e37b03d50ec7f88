/** @file Where the random decisions about an example come from: a generator, or a recorded sequence in tests. */

import { Random } from '../../common/random.js';

export interface Draws {
  /** A number in [0, 1). */
  uniform(): number;
  /** A whole number in 0 .. n - 1. */
  integer(n: number): number;
  /** An index, each with a probability in proportion to its weight. */
  weighted(weights: ArrayLike<number>): number;
}

/**
 * The decisions about one example in one epoch. They depend on nothing else, so that an example looks the same on
 * whatever process it is, and after a resume.
 *
 * @param pass `epoch 3`, or another name for a walk over the examples
 */
export function drawsOf(seed: number, pass: string, example: number): Draws {
  return new RandomDraws(Random.derive(seed, `${pass}, example ${example}`));
}

class RandomDraws implements Draws {
  constructor(private readonly random: Random) {}

  uniform(): number {
    return this.random.uniform();
  }

  integer(n: number): number {
    return this.random.integer(n);
  }

  weighted(weights: ArrayLike<number>): number {
    let total = 0;
    for (let i = 0; i < weights.length; i++) total += weights[i] ?? 0;
    let rest = this.random.uniform() * total;
    for (let i = 0; i < weights.length; i++) {
      rest -= weights[i] ?? 0;
      if (rest < 0) return i;
    }
    return weights.length - 1;
  }
}
