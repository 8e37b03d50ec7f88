/** @file The bytes of an HDF5 file: structures through a small cache, since they are many and near each other; data as it is. */

import { type OpenFile, openFileSync } from '../randomAccess.js';
import { Hdf5Fault } from './fault.js';

/** A group of one picture takes some 5 KB of structures. */
const BLOCK_BYTES = 8192;
/** 4 MB. */
const NUM_BLOCKS = 512;
/** A structure is no larger, apart from the names of a group: 120,000 of them take 4 MB. */
const MAX_STRUCTURE_BYTES = 1 << 28;

export class FileBytes {
  readonly #opened: OpenFile;
  readonly #blocks = new Map<number, Buffer>();
  readonly size: number;
  #isClosed = false;
  /** Bytes before the file's address 0. */
  base = 0;

  /** @throws LxmertError when there is no such file, or it cannot be read */
  constructor(readonly file: string) {
    this.#opened = openFileSync(file);
    this.size = this.#opened.size;
  }

  /** The bytes of a structure; do not change them. */
  structure(address: number, length: number, what: string): Buffer {
    this.#checkRange(address, length, what);
    if (length > MAX_STRUCTURE_BYTES)
      throw new Hdf5Fault(this.file, `The ${what} at byte ${address} claims ${length} bytes`);
    const start = address + this.base;
    const block = Math.floor(start / BLOCK_BYTES);
    const within = start - block * BLOCK_BYTES;
    if (within + length <= BLOCK_BYTES) return this.#block(block).subarray(within, within + length);
    if (length > BLOCK_BYTES) return this.#opened.fill(Buffer.allocUnsafeSlow(length), start);
    return Buffer.concat([
      this.#block(block).subarray(within),
      this.#block(block + 1).subarray(0, within + length - BLOCK_BYTES),
    ]);
  }

  /** Fills `target` with data. */
  data(address: number, target: Uint8Array, what: string): void {
    this.#checkRange(address, target.length, what);
    // Boxes and labels lie beside the structures.
    if (target.length < BLOCK_BYTES / 2) target.set(this.structure(address, target.length, what));
    else this.#opened.fill(target, address + this.base);
  }

  /** @throws Hdf5Fault when a part of the file lies beyond its end */
  #checkRange(address: number, length: number, what: string): void {
    if (!(address >= 0 && length >= 0 && address + length <= this.size - this.base))
      throw new Hdf5Fault(
        this.file,
        `The ${what} would take bytes ${address} to ${address + length}, beyond the file's end at ${this.size}`,
      );
  }

  #block(index: number): Buffer {
    const found = this.#blocks.get(index);
    if (found !== undefined) return found;
    const start = index * BLOCK_BYTES;
    const block = this.#opened.fill(Buffer.allocUnsafeSlow(Math.min(BLOCK_BYTES, this.size - start)), start);
    const [oldest] = this.#blocks.keys();
    if (this.#blocks.size >= NUM_BLOCKS && oldest !== undefined) this.#blocks.delete(oldest);
    this.#blocks.set(index, block);
    return block;
  }

  /** A second time does nothing. */
  close(): void {
    if (!this.#isClosed) this.#opened.close();
    this.#isClosed = true;
  }
}
