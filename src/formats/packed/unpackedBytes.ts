/** @file Bytes at any place of what can only be unpacked from its beginning on, in little memory. */

import { type BlockStream, PackedFault } from './blockStream.js';

/** What is kept of bytes that were unpacked: shorter ones stay whole, and are unpacked once. */
const KEPT_BYTES = 1 << 20;

/**
 * A window that moves forward over what is unpacked. Reading at ever higher places unpacks everything once; one that lies
 * before the window begins anew.
 */
export class UnpackedBytes {
  #blocks: BlockStream | undefined;
  #window = Buffer.alloc(0);
  /** Where the window begins among all bytes. */
  #start = 0;
  /** Bytes of the window that are unpacked. */
  #filled = 0;

  /**
   * @param length of all, as stated; never believed for memory
   * @param open the blocks from the first on
   */
  constructor(
    readonly length: number,
    private readonly open: () => BlockStream,
  ) {}

  /**
   * A copy of some bytes.
   *
   * @param position where they begin; with `length` they lie among the stated ones
   * @throws PackedFault when they cannot be unpacked, or are not as many as stated
   */
  read(position: number, length: number): Buffer {
    try {
      if (this.#blocks === undefined || position < this.#start) this.#begin();
      while (this.#start + this.#filled < position + length) this.#unpackNext(position);
    } catch (error) {
      // Nobody knows where a stream that failed would go on.
      this.#blocks = undefined;
      throw error;
    }
    const from = position - this.#start;
    return Buffer.from(this.#window.subarray(from, from + length));
  }

  #begin(): void {
    this.#blocks = this.open();
    [this.#start, this.#filled] = [0, 0];
  }

  /** @param wanted where bytes begin that must stay */
  #unpackNext(wanted: number): void {
    const blocks = this.#blocks as BlockStream;
    this.#makeRoom(blocks, wanted);
    const numBytes = blocks.next(this.#window, this.#filled);
    const end = this.#start + this.#filled;
    if (numBytes === undefined) throw new PackedFault(`it ends after ${end} of ${this.length} bytes`);
    if (end + numBytes > this.length)
      throw new PackedFault(`it unpacks to more than its ${this.length} bytes`);
    this.#filled += numBytes;
  }

  #makeRoom({ maxBlockBytes, historyBytes }: BlockStream, wanted: number): void {
    if (this.#window.length - this.#filled >= maxBlockBytes) return;
    const first = Math.max(0, Math.min(wanted - this.#start, this.#filled - historyBytes));
    const kept = this.#filled - first;
    const needed = kept + maxBlockBytes;
    // Half as much again, so that a long reading does not move what it has with every block.
    const room = Math.max(Math.min(KEPT_BYTES, this.length) + historyBytes + maxBlockBytes, needed * 1.5);
    const target =
      this.#window.length >= needed * 1.25 ? this.#window : Buffer.allocUnsafeSlow(Math.ceil(room));
    this.#window.copy(target, 0, first, this.#filled);
    this.#window = target;
    this.#start += first;
    this.#filled = kept;
  }
}
