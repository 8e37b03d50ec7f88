/** @file A forward cursor over pickled bytes that never reads, or allocates, past what the file holds. */

import { PickleError } from './error.js';

const chunkLength = 1 << 16;

/** Reads `length` bytes at `offset` of whatever holds the pickle. */
export type ReadAt = (offset: number, length: number) => Buffer;

/** Sequential bytes of a region, fetched in chunks of 64 KiB. */
export class PickleSource {
  #chunk: Buffer = Buffer.alloc(0);
  #chunkStart: number;
  #position: number;
  #skipped = 0;

  /**
   * @param end first byte after the region.
   */
  constructor(
    private readonly readAt: ReadAt,
    start: number,
    readonly end: number,
  ) {
    this.#position = start;
    this.#chunkStart = start;
  }

  static of(bytes: Uint8Array): PickleSource {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return new PickleSource((offset, length) => buffer.subarray(offset, offset + length), 0, buffer.length);
  }

  /** Offset of the next unread byte. */
  get position(): number {
    return this.#position;
  }

  /** Bytes passed over by {@link skip}. */
  get numSkipped(): number {
    return this.#skipped;
  }

  byte(): number {
    const index = this.#position - this.#chunkStart;
    if (index < this.#chunk.length) {
      this.#position++;
      return this.#chunk[index]!;
    }
    return this.bytes(1)[0]!;
  }

  /** A buffer that stays valid; shares the chunk, so copy it to keep it long. */
  bytes(length: number): Buffer {
    if (!(length <= this.end - this.#position)) {
      throw new PickleError(`it ends inside a value at byte ${this.#position} (cut short?)`);
    }
    let index = this.#position - this.#chunkStart;
    if (index + length > this.#chunk.length) {
      const wanted = Math.min(Math.max(length, chunkLength), this.end - this.#position);
      this.#chunk = this.readAt(this.#position, wanted);
      this.#chunkStart = this.#position;
      index = 0;
    }
    this.#position += length;
    return this.#chunk.subarray(index, index + length);
  }

  /** Passes over `length` bytes without reading them. */
  skip(length: number): void {
    if (!(length <= this.end - this.#position)) {
      throw new PickleError(`it ends inside a value at byte ${this.#position} (cut short?)`);
    }
    this.#position += length;
    this.#skipped += length;
    if (this.#position > this.#chunkStart + this.#chunk.length) {
      this.#chunk = Buffer.alloc(0);
      this.#chunkStart = this.#position;
    }
  }

  /** The text up to the next newline, without it; one character for each byte, as protocol 0 writes text. */
  line(maxLength: number): string {
    const codes: number[] = [];
    for (;;) {
      const code = this.byte();
      if (code === 0x0a) break;
      codes.push(code);
      if (codes.length > maxLength) throw new PickleError(`it has a line over ${maxLength} bytes`);
    }
    return Buffer.from(codes).toString('latin1');
  }
}
