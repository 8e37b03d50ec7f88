/** @file A picture's file as it was sent, and the name that its content gives it. */

import { createHash } from 'node:crypto';
import { ServeError } from './serveError.js';

export interface Picture {
  /** In memory that threads share, so that a worker is given it without copying. */
  readonly bytes: Uint8Array;
  /** SHA-256 in hexadecimal: its imageId. */
  readonly imageId: string;
}

/** Takes a picture in as it comes: what is done for each piece is short, however large the whole is. */
export async function pictureFrom(pieces: AsyncIterable<Buffer>): Promise<Picture> {
  const hash = createHash('sha256');
  const kept: Buffer[] = [];
  let numBytes = 0;
  for await (const piece of pieces) {
    hash.update(piece);
    kept.push(piece);
    numBytes += piece.byteLength;
  }
  return { bytes: shared(kept, numBytes), imageId: hash.digest('hex') };
}

/** @throws ServeError when there is nothing in it */
export function pictureOf(bytes: Buffer): Picture {
  if (bytes.byteLength === 0) throw noPicture();
  return {
    bytes: shared([bytes], bytes.byteLength),
    imageId: createHash('sha256').update(bytes).digest('hex'),
  };
}

export function noPicture(): ServeError {
  return new ServeError('bad_request', "The request has no picture: send its file as the field 'image'.");
}

function shared(pieces: readonly Buffer[], numBytes: number): Uint8Array {
  const bytes = new Uint8Array(new SharedArrayBuffer(numBytes));
  let start = 0;
  for (const piece of pieces) {
    bytes.set(piece, start);
    start += piece.byteLength;
  }
  return bytes;
}
