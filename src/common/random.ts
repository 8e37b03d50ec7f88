/** @file A seeded generator for everything drawn in TypeScript: shuffles, splits, the sample world. */

/** The whole state of a {@link Random}; plain numbers, so that it fits in a JSON snapshot. */
export type RandomState = readonly [number, number, number, number];

/**
 * xoshiro128** (Blackman and Vigna, 2018), seeded through splitmix32. The same seed gives the same draws on
 * every machine, and the state can be saved and put back.
 */
export class Random {
  #state: Uint32Array;

  constructor(seed: number) {
    this.#state = new Uint32Array(4);
    let x = seed >>> 0;
    for (let i = 0; i < 4; i++) {
      x = (x + 0x9e3779b9) >>> 0;
      let z = x;
      z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
      z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
      this.#state[i] = (z ^ (z >>> 16)) >>> 0;
    }
  }

  /** Another generator whose draws depend on this seed and `label`, but not on what was drawn before. */
  static derive(seed: number, label: string): Random {
    let hash = 2166136261 ^ seed;
    for (let i = 0; i < label.length; i++) hash = Math.imul(hash ^ label.charCodeAt(i), 16777619);
    return new Random(hash >>> 0);
  }

  /** A whole number in 0 .. 2^32 - 1. */
  uint32(): number {
    const s = this.#state;
    const [s0, s1, s2, s3] = s as unknown as [number, number, number, number];
    const product = Math.imul(s1, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const x2 = s2 ^ s0;
    const x3 = s3 ^ s1;
    s[1] = s1 ^ x2;
    s[0] = s0 ^ x3;
    s[2] = x2 ^ (s1 << 9);
    s[3] = (x3 << 11) | (x3 >>> 21);
    return result;
  }

  /** A number in [0, 1) with 53 random bits. */
  uniform(): number {
    return ((this.uint32() >>> 5) * 67108864 + (this.uint32() >>> 6)) / 9007199254740992;
  }

  /** A whole number in 0 .. n - 1. */
  integer(n: number): number {
    return Math.floor(this.uniform() * n);
  }

  /** One element, each equally likely. */
  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError('pick needs at least one item.');
    return items[this.integer(items.length)] as T;
  }

  /** Shuffles in place (Fisher and Yates) and returns the same array. */
  shuffle<T, A extends T[] | Uint32Array>(items: A): A {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const swap = items[i] as T & number;
      items[i] = items[j] as T & number;
      items[j] = swap;
    }
    return items;
  }

  get state(): RandomState {
    const [a, b, c, d] = this.#state as unknown as [number, number, number, number];
    return [a, b, c, d];
  }

  set state(state: RandomState) {
    this.#state = Uint32Array.from(state);
  }
}
