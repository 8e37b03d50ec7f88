/** @file A source of bytes that can only be read from its beginning, such as what an archive unpacks to. */

import type { ByteCursor, ByteSource } from './byteSource.js';

/** A source that keeps a stream open between readings; close it when done. */
export interface StreamSource extends ByteSource {
  close(): void;
}

/**
 * A source over chunks that can only be had in order. A reading that starts further on drops what comes before. A closed
 * reading leaves its stream for the next one, which goes on with it when it starts at or after that place.
 */
export function streamSource(
  about: Pick<ByteSource, 'name' | 'fileName' | 'size' | 'estimateSize'>,
  chunks: () => AsyncGenerator<Buffer, void, void>,
): StreamSource {
  let parked: ChunkStream | undefined;
  return {
    ...about,
    async open(start): Promise<ByteCursor> {
      if (parked !== undefined && parked.position > start) {
        parked.close();
        parked = undefined;
      }
      const stream = parked ?? new ChunkStream(chunks());
      parked = undefined;
      await stream.skipTo(start);
      return {
        read: (buffer, offset, length) => stream.read(buffer, offset, length),
        async close() {
          parked?.close();
          parked = stream;
        },
      };
    },
    close() {
      parked?.close();
      parked = undefined;
    },
  };
}

/** Chunks as bytes that are taken from the beginning on. */
class ChunkStream {
  position = 0;
  #rest: Buffer = Buffer.alloc(0);

  constructor(private readonly chunks: AsyncGenerator<Buffer, void, void>) {}

  async read(buffer: Buffer, offset: number, length: number): Promise<number> {
    const chunk = await this.#next();
    const taken = Math.min(length, chunk.length);
    chunk.copy(buffer, offset, 0, taken);
    this.#take(taken);
    return taken;
  }

  async skipTo(position: number): Promise<void> {
    while (this.position < position) {
      const chunk = await this.#next();
      if (chunk.length === 0) return;
      this.#take(Math.min(chunk.length, position - this.position));
    }
  }

  close(): void {
    void this.chunks.return();
  }

  #take(numBytes: number): void {
    this.#rest = this.#rest.subarray(numBytes);
    this.position += numBytes;
  }

  /** What is there and not yet taken; empty at the end. */
  async #next(): Promise<Buffer> {
    while (this.#rest.length === 0) {
      const { value, done } = await this.chunks.next();
      if (done === true) return this.#rest;
      this.#rest = value;
    }
    return this.#rest;
  }
}
