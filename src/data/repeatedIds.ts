/** @file Ids that occur more than once among millions, found in eight bytes for each. */

/** Repeated ids that are named. */
const NUM_NAMED = 3;

/** Ids by a number of 53 bits each; equal numbers are ids that may be equal. */
export class RepeatedIds {
  #numbers = new Float64Array(1024);
  #count = 0;

  add(id: string): void {
    if (this.#count === this.#numbers.length) {
      const larger = new Float64Array(2 * this.#count);
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    this.#numbers[this.#count++] = numberOf(id);
  }

  /**
   * The ids that are there more than once: how many, and the first few.
   *
   * @param again the same ids once more; they are only asked for when two may be equal
   */
  async find(
    again: () => AsyncIterable<string>,
  ): Promise<{ readonly count: number; readonly first: string[] }> {
    const sorted = this.#numbers.subarray(0, this.#count).slice().sort();
    const suspects = new Set<number>();
    for (let i = 1; i < sorted.length; i++)
      if (sorted[i] === sorted[i - 1]) suspects.add(sorted[i] as number);
    const first: string[] = [];
    if (suspects.size === 0) return { count: 0, first };
    const seen = new Set<string>();
    const repeated = new Set<string>();
    for await (const id of again()) {
      if (!suspects.has(numberOf(id))) continue;
      if (seen.has(id) && !repeated.has(id)) {
        repeated.add(id);
        if (first.length < NUM_NAMED) first.push(id);
      }
      seen.add(id);
    }
    return { count: repeated.size, first };
  }
}

/** Two multiplicative hashes of 32 bits side by side, cut to the 53 bits of a number. */
function numberOf(id: string): number {
  let high = 0x9e3779b9;
  let low = 0x85ebca6b;
  for (let i = 0; i < id.length; i++) {
    const code = id.charCodeAt(i);
    high = Math.imul(high ^ code, 0x01000193);
    low = Math.imul(low ^ code, 0x5bd1e995);
    low ^= low >>> 15;
  }
  return (high >>> 11) * 2 ** 32 + (low >>> 0);
}
