/** @file SHA-256 of bytes and of files, in hexadecimal. */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { unreadable } from '../../common/errors.js';

/** Bytes read at once; large files are not held. */
const CHUNK_BYTES = 1 << 20;

/** Of the parts one after another; texts as UTF-8. */
export function sha256Of(...parts: readonly (Uint8Array | string)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/**
 * @param signal ends the reading early, with its reason
 * @throws UsageError when there is no such file, LxmertError when it cannot be read.
 */
export async function sha256OfFile(file: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: CHUNK_BYTES })) {
      signal?.throwIfAborted();
      hash.update(chunk as Buffer);
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw unreadable(file, error);
  }
  return hash.digest('hex');
}
