/** @file The members of a group by name. */

import { Hdf5Fault } from './fault.js';

/** A file of flat names has three for each of 123,287 pictures. */
const MAX_LINKS = 10_000_000;

/** Addresses of members' headers. */
export class Links {
  readonly #addresses = new Map<string, number>();
  #names: readonly string[] | undefined;

  constructor(private readonly file: string) {}

  /** @throws Hdf5Fault for a second member of the same name, and for more than any file has */
  add(name: string, address: number): void {
    if (this.#addresses.has(name) || this.#addresses.size >= MAX_LINKS)
      throw new Hdf5Fault(
        this.file,
        `A group names ${JSON.stringify(name.slice(0, 100))} twice, or does not end`,
      );
    this.#addresses.set(name, address);
    this.#names = undefined;
  }

  get size(): number {
    return this.#addresses.size;
  }

  get(name: string): number | undefined {
    return this.#addresses.get(name);
  }

  /** In the order of their bytes, however the file keeps them; put in order once, since they may be hundreds of thousands. */
  names(): readonly string[] {
    this.#names ??= [...this.#addresses.keys()].sort((a, b) => (a < b ? -1 : 1));
    return this.#names;
  }
}
