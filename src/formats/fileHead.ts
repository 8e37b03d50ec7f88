/** @file The first bytes of a file, by which its kind is told. */

import { closeSync, openSync, readSync } from 'node:fs';

/** At most `numBytes` from the beginning, fewer of a shorter file. @throws the system's error when it cannot be opened or read */
export function readHead(file: string, numBytes: number): Buffer {
  const head = Buffer.alloc(numBytes);
  const handle = openSync(file, 'r');
  try {
    return head.subarray(0, readSync(handle, head, 0, numBytes, 0));
  } finally {
    closeSync(handle);
  }
}
