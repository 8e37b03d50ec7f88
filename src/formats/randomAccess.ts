/** @file Bytes that can be read at any position: an open file, or what stands for one. */

import type { FileHandle } from 'node:fs/promises';

/** A fixed number of bytes. Readers of formats ask for no byte outside them without a sentence of their own. */
export interface RandomAccess {
  readonly size: number;
  /** Exactly `length` bytes at `position`. @throws Error when there are fewer */
  read(position: number, length: number): Uint8Array | Promise<Uint8Array>;
}

/** The same, without waiting. */
export interface SyncRandomAccess extends RandomAccess {
  read(position: number, length: number): Buffer;
}

/** An open file, at the size it has now. */
export async function randomAccessTo(handle: FileHandle): Promise<RandomAccess> {
  const { size } = await handle.stat();
  return {
    size,
    async read(position, length) {
      const buffer = Buffer.allocUnsafe(length);
      for (let done = 0; done < length; ) {
        const { bytesRead } = await handle.read(buffer, done, length - done, position + done);
        if (bytesRead === 0) throw new Error('it became shorter while it was read');
        done += bytesRead;
      }
      return buffer;
    },
  };
}
