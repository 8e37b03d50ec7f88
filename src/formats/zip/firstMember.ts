/** @file The first member of a zip archive, which tells what kind of archive it is before its directory is read. */

import { readHead } from '../fileHead.js';

/** The name in the first header of an archive on a disk, read from its first bytes alone; undefined for another file. */
export function firstZipMember(file: string): string | undefined {
  const head = readHead(file, 512);
  if (head.length < 30 || head.readUInt32LE(0) !== LOCAL_HEADER) return undefined;
  return head.toString('utf8', 30, 30 + head.readUInt16LE(26));
}

const LOCAL_HEADER = 0x04034b50;
