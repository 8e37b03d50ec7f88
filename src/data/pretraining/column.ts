/** @file Numbers in one typed array that grows: nine million sentences need tens of bytes each, not objects. */

type Numbers = Uint8Array | Uint16Array | Uint32Array | Int32Array | Float32Array;

export class Column<Values extends Numbers> {
  #values: Values;
  #length = 0;

  constructor(private readonly make: (length: number) => Values) {
    this.#values = make(1024);
  }

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    this.#reserve(1);
    this.#values[this.#length++] = value;
  }

  pushAll(values: Uint8Array): void {
    this.#reserve(values.length);
    this.#values.set(values, this.#length);
    this.#length += values.length;
  }

  /** What was pushed, in memory of its exact size. */
  finish(): Values {
    return this.#values.slice(0, this.#length) as Values;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#values.length) return;
    const grown = this.make(Math.max(needed, Math.ceil(this.#values.length * 1.5)));
    grown.set(this.#values);
    this.#values = grown;
  }
}
