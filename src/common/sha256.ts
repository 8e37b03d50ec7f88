/** @file SHA-256 of files, in hexadecimal. */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { unreadable } from './errors.js';

/** Bytes read at once; large files are not held. */
const CHUNK_BYTES = 1 << 20;

/** @throws UsageError when there is no such file, LxmertError when it cannot be read. */
export async function sha256OfFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(file, { highWaterMark: CHUNK_BYTES }), hash);
  } catch (error) {
    throw unreadable(file, error);
  }
  return hash.digest('hex');
}
