/** @file Whether a disk has room, asked before anything is written. */

import { statfs } from 'node:fs/promises';
import path from 'node:path';
import { hasErrorCode, LxmertError } from '../../common/errors.js';
import { formatBytes } from '../../formats/numbers.js';

/** Left free for whatever else writes to the disk. */
const MARGIN_BYTES = 64 * 1024 * 1024;

/** Bytes that this user may still write on the disk of `folder`, which need not exist yet. */
async function freeBytes(folder: string): Promise<number> {
  for (let place = path.resolve(folder); ; place = path.dirname(place)) {
    try {
      const { bavail, bsize } = await statfs(place);
      return bavail * bsize;
    } catch (error) {
      if (!hasErrorCode(error, 'ENOENT') || place === path.dirname(place)) throw error;
    }
  }
}

/**
 * @param what begins the sentence: "train.json" or "These 3 files".
 * @param otherFolder what names another folder
 * @throws LxmertError saying how much is needed and how much is free.
 */
export async function requireSpace(
  folder: string,
  needed: number,
  what: string,
  free: (folder: string) => Promise<number> = freeBytes,
  otherFolder = '--output',
): Promise<void> {
  const available = await free(folder);
  if (needed + MARGIN_BYTES <= available) return;
  throw new LxmertError(
    `${what}: ${formatBytes(needed)} are needed in ${folder}, and its disk has ${formatBytes(available)} free. ` +
      'Make room, or choose a folder on another disk (' +
      `${otherFolder}).`,
  );
}
