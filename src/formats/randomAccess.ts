/** @file Bytes that can be read at any position: an open file, or what stands for one. */

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { LxmertError, unreadable } from '../common/errors.js';

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

/** The same into memory that is there. */
export interface FillingAccess extends RandomAccess {
  /** Fills all of `target`. @throws Error when there are fewer bytes */
  fill(target: Buffer, position: number): Promise<Buffer>;
}

/** An open file, at the size it has now. */
export async function randomAccessTo(handle: FileHandle): Promise<FillingAccess> {
  const { size } = await handle.stat();
  const fill = async (target: Buffer, position: number): Promise<Buffer> => {
    const { length } = target;
    for (let done = 0; done < length; ) {
      const { bytesRead } = await handle.read(target, done, length - done, position + done);
      if (bytesRead === 0) throw new Error('it became shorter while it was read');
      done += bytesRead;
    }
    return target;
  };
  return { size, fill, read: (position, length) => fill(Buffer.allocUnsafe(length), position) };
}

/** A file that is read without waiting, until it is closed. */
export interface OpenFile extends SyncRandomAccess {
  /** Fills `target` with the bytes from `position` on. @throws LxmertError when there are fewer */
  fill<T extends Uint8Array>(target: T, position: number): T;
  close(): void;
}

/** Opens a file for reading. @throws UsageError when there is none; LxmertError when it cannot be read */
export function openFileSync(file: string): OpenFile {
  const handle = attempt(file, () => openSync(file, 'r'));
  const fill = <T extends Uint8Array>(target: T, position: number): T => {
    const { length } = target;
    for (let done = 0; done < length; ) {
      const numRead = attempt(file, () => readSync(handle, target, done, length - done, position + done));
      if (numRead === 0) throw new LxmertError(`${file} became shorter while it was read.`);
      done += numRead;
    }
    return target;
  };
  return {
    size: fstatSync(handle).size,
    fill,
    read: (position, length) => fill(Buffer.allocUnsafe(length), position),
    close: () => closeSync(handle),
  };
}

function attempt<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw unreadable(file, error);
  }
}
