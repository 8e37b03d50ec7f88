/** @file What a picture's features are made from, as a hash: by it a row is known to be up to date. */

import { stat } from 'node:fs/promises';
import { sha256Of, sha256OfFile } from '../formats/hashes/sha256.js';

/** A picture's file as it was when it was read. */
export interface PictureFile {
  /** In hexadecimal. */
  readonly sha256: string;
  readonly numBytes: number;
  /** When it was last changed, in milliseconds. */
  readonly modified: number;
}

/**
 * Of what a row is made from: the picture's own SHA-256, or with given boxes one of both.
 *
 * @param boxes (n, 4) in pixels, where they are given and not found
 */
export function contentHash(pictureSha256: string, boxes?: Float32Array): string {
  if (boxes === undefined) return pictureSha256;
  return sha256Of(pictureSha256, new Uint8Array(boxes.buffer, boxes.byteOffset, boxes.byteLength));
}

/**
 * The SHA-256 of a picture's file. A file of the size and time of an earlier reading is not read again.
 *
 * @throws UsageError when it is not there; LxmertError when it cannot be read
 */
export async function pictureSha256(file: string, earlier?: PictureFile): Promise<string> {
  if (earlier !== undefined) {
    const status = await stat(file).catch(() => undefined);
    if (status?.size === earlier.numBytes && status.mtimeMs === earlier.modified) return earlier.sha256;
  }
  return await sha256OfFile(file);
}
