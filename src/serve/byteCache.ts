/** @file A cache by key with a budget of bytes: what was not used for the longest time goes first. */

export class ByteCache<Value> {
  /** In the order of use, the oldest first. */
  readonly #entries = new Map<string, { readonly value: Value; readonly numBytes: number }>();
  #numBytes = 0;

  /** @param budget bytes that may be held; 0 keeps nothing */
  constructor(readonly budget: number) {}

  get numBytes(): number {
    return this.#numBytes;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Counts as a use. */
  get(key: string): Value | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  /** A value larger than the whole budget is not kept. */
  set(key: string, value: Value, numBytes: number): void {
    this.#remove(key);
    if (numBytes > this.budget) return;
    this.#entries.set(key, { value, numBytes });
    this.#numBytes += numBytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#numBytes <= this.budget) break;
      this.#remove(oldest);
    }
  }

  #remove(key: string): void {
    this.#numBytes -= this.#entries.get(key)?.numBytes ?? 0;
    this.#entries.delete(key);
  }
}
