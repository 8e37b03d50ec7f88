/** @file A picture's file as it was sent, and the name that its content gives it. */

import { createHash } from 'node:crypto';
import { sha256Of } from '../formats/hashes/sha256.js';
import { ServeError } from './serveError.js';

export interface Picture {
  readonly bytes: Uint8Array;
  /** SHA-256 in hexadecimal: its imageId. */
  readonly imageId: string;
}

/** Takes a picture in as it comes: what is done for each piece is short, however large the whole is. */
export async function pictureFrom(pieces: AsyncIterable<Buffer>): Promise<Picture> {
  const hash = createHash('sha256');
  const kept: Buffer[] = [];
  for await (const piece of pieces) {
    hash.update(piece);
    kept.push(piece);
  }
  return { bytes: Buffer.concat(kept), imageId: hash.digest('hex') };
}

/** @throws ServeError when there is nothing in it */
export function pictureOf(bytes: Uint8Array): Picture {
  if (bytes.byteLength === 0) throw noPicture();
  return { bytes, imageId: sha256Of(bytes) };
}

export function noPicture(): ServeError {
  return new ServeError('bad_request', "The request has no picture: send its file as the field 'image'.");
}
