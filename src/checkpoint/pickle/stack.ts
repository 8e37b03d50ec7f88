/** @file The stack, marks and memo of a pickle, with limits that a hostile pickle runs into early. */

import { PickleError } from './error.js';
import { describeValue, PickleDict, PickleSet, type PickleValue } from './values.js';

/**
 * What one pickle may make. A full-size LXMERT state dict makes about 20,000 values and 2,000 containers; the
 * limits leave room for training snapshots and keep the worst case at a few hundred megabytes.
 */
export const pickleLimits = { values: 4_000_000, containers: 400_000, bytes: 256 * 2 ** 20 } as const;

/** For a tensor of each of some 150,000 pictures, each of which takes some 25 values and 6 containers. */
export const manyTensorsLimits: PickleLimits = { ...pickleLimits, values: 16_000_000, containers: 4_000_000 };

export interface PickleLimits {
  readonly values: number;
  readonly containers: number;
  readonly bytes: number;
}

/** Where values wait for the opcode that uses them. */
export class PickleStack {
  readonly #values: PickleValue[] = [];
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, PickleValue>();
  #pushed = 0;
  #containers = 0;

  constructor(private readonly limits: PickleLimits = pickleLimits) {}

  push(value: PickleValue): void {
    if (++this.#pushed > this.limits.values) {
      throw new PickleError(`it makes more than ${this.limits.values} values`);
    }
    this.#values.push(value);
  }

  /** Pushes a new list, tuple, dictionary or set, of which fewer are allowed. */
  pushContainer(value: PickleValue): void {
    if (++this.#containers > this.limits.containers) {
      throw new PickleError(`it makes more than ${this.limits.containers} lists and dictionaries`);
    }
    this.push(value);
  }

  pop(): PickleValue {
    this.#requireAboveMark();
    return this.#values.pop() as PickleValue;
  }

  /** Pops `count` values, in the order they were pushed. */
  popMany(count: number): PickleValue[] {
    const items: PickleValue[] = [];
    for (let i = 0; i < count; i++) items.push(this.pop());
    return items.reverse();
  }

  top(): PickleValue {
    this.#requireAboveMark();
    return this.#values.at(-1) as PickleValue;
  }

  mark(): void {
    if (this.#marks.length >= this.limits.containers) throw new PickleError('it nests too many marks');
    this.#marks.push(this.#values.length);
  }

  /** Everything above the last mark, which goes away. */
  popMark(): PickleValue[] {
    const start = this.#marks.pop();
    if (start === undefined) throw new PickleError('it uses a mark that was never set');
    return this.#values.splice(start);
  }

  /** The opcode POP: the top value, or the mark when nothing lies above it. */
  discard(): void {
    if (this.#marks.at(-1) === this.#values.length) this.#marks.pop();
    else this.pop();
  }

  remember(key: number): void {
    if (this.#memo.size >= this.limits.values) throw new PickleError('it remembers too many values');
    this.#memo.set(key, this.top());
  }

  /** The opcode MEMOIZE, whose key is the number of values remembered so far. */
  rememberNext(): void {
    this.remember(this.#memo.size);
  }

  recall(key: number): void {
    const value = this.#memo.get(key);
    if (value === undefined) throw new PickleError(`it recalls value ${key}, which was never remembered`);
    this.push(value);
  }

  /** Adds to the list on top. */
  append(items: readonly PickleValue[]): void {
    const list = this.top();
    if (!Array.isArray(list)) throw new PickleError(`it appends to ${describeValue(list)}`);
    for (const item of items) list.push(item);
  }

  /** Adds to the set on top. */
  add(items: readonly PickleValue[]): void {
    const set = this.top();
    if (!(set instanceof PickleSet)) throw new PickleError(`it adds elements to ${describeValue(set)}`);
    for (const item of items) set.items.add(item);
  }

  /** Sets key, value, key, value ... of the dictionary on top. */
  setItems(items: readonly PickleValue[]): void {
    const dict = this.top();
    if (!(dict instanceof PickleDict)) throw new PickleError(`it sets items of ${describeValue(dict)}`);
    fillDict(dict, items);
  }

  #requireAboveMark(): void {
    if (this.#values.length <= (this.#marks.at(-1) ?? 0)) {
      throw new PickleError('it takes a value from an empty stack');
    }
  }
}

/** Sets key, value, key, value ... of a dictionary. */
export function fillDict(dict: PickleDict, items: readonly PickleValue[]): void {
  if (items.length % 2 !== 0) throw new PickleError('it gives a dictionary a key without a value');
  for (let i = 0; i < items.length; i += 2) dict.entries.set(items[i]!, items[i + 1]!);
}
