/** @file Memory for the large pages of a column, used again for each: a page may be a whole row group of pictures. */

import { type Compressors, snappyUncompress } from 'hyparquet';
import { decompressors } from './decompressors.js';

/** As Node.js has them since version 20. */
interface ResizableBuffer extends ArrayBuffer {
  readonly maxByteLength: number;
  resize(length: number): void;
}
type ResizableConstructor = new (length: number, options: { maxByteLength: number }) => ResizableBuffer;

/** What was unpacked last. */
interface Unpacked {
  readonly packed: Uint8Array;
  readonly bytes: Uint8Array;
}

/** One page's bytes, packed and unpacked, until the next is asked for. */
export class PageScratch {
  #packed = resizable(0);
  #unpacked = new Uint8Array(0);
  #last: Unpacked | undefined;

  /** Room for `length` bytes, in a buffer of exactly so many; what was in it is lost. */
  packed(length: number): Buffer {
    this.#last = undefined;
    if (this.#packed.maxByteLength < length) this.#packed = resizable(Math.ceil(length * SPARE));
    this.#packed.resize(length);
    return Buffer.from(this.#packed, 0, length);
  }

  /** Each page is looked through and then read: it is unpacked once, into the same memory as the one before. */
  readonly compressors: Compressors = Object.fromEntries(
    Object.entries(decompressors).map(([codec, unpack]) => [
      codec,
      (packed: Uint8Array, length: number): Uint8Array => {
        if (isSame(packed, this.#last?.packed) && this.#last?.bytes.length === length)
          return this.#last.bytes;
        const bytes = codec === 'SNAPPY' ? this.#unpackSnappy(packed, length) : unpack(packed, length);
        this.#last = { packed, bytes };
        return bytes;
      },
    ]),
  );

  #unpackSnappy(packed: Uint8Array, length: number): Uint8Array {
    if (this.#unpacked.length < length) this.#unpacked = new Uint8Array(Math.ceil(length * SPARE));
    const bytes = this.#unpacked.subarray(0, length);
    snappyUncompress(packed, bytes);
    return bytes;
  }
}

/** Pages of one table differ in length by a little. */
const SPARE = 1.05;

function resizable(maxByteLength: number): ResizableBuffer {
  return new (ArrayBuffer as unknown as ResizableConstructor)(0, { maxByteLength });
}

function isSame(a: Uint8Array, b: Uint8Array | undefined): boolean {
  return b !== undefined && a.buffer === b.buffer && a.byteOffset === b.byteOffset && a.length === b.length;
}
