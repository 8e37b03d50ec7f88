/** @file The first member of a zip archive, which tells what kind of archive it is before its directory is read. */

import { closeSync, openSync, readSync } from 'node:fs';

/** The name in the first header of an archive on a disk, read from its first bytes alone; undefined for another file. */
export function firstZipMember(file: string): string | undefined {
  const head = Buffer.alloc(512);
  const handle = openSync(file, 'r');
  try {
    const numBytes = readSync(handle, head, 0, head.length, 0);
    if (numBytes < 30 || head.readUInt32LE(0) !== LOCAL_HEADER) return undefined;
    return head.toString('utf8', 30, Math.min(numBytes, 30 + head.readUInt16LE(26)));
  } finally {
    closeSync(handle);
  }
}

const LOCAL_HEADER = 0x04034b50;
