/** @file A picture's file as it was sent, and the name that its content gives it. */

import { createHash } from 'node:crypto';
import { sha256Of } from '../formats/hashes/sha256.js';
import { ServeError } from './serveError.js';

/** Mapped by itself and given back whole, unlike others, whose place malloc keeps. Node.js 20 has it, ES2023's types do not. */
const ResizableBuffer = ArrayBuffer as new (
  byteLength: number,
  options: { readonly maxByteLength: number },
) => ArrayBuffer;

export interface Picture {
  readonly bytes: Uint8Array;
  /** SHA-256 in hexadecimal: its imageId. */
  readonly imageId: string;
}

/**
 * Takes a picture in as it comes: what is done for each piece is short, however large the whole is.
 *
 * @param room bytes to keep for it from the beginning, so that it is never there twice
 */
export async function pictureFrom(pieces: AsyncIterable<Buffer>, room: number): Promise<Picture> {
  const hash = createHash('sha256');
  let bytes = Buffer.from(new ResizableBuffer(room, { maxByteLength: room }));
  let end = 0;
  for await (const piece of pieces) {
    hash.update(piece);
    if (end + piece.length > bytes.length) {
      bytes = Buffer.concat([bytes.subarray(0, end)], Math.max(2 * bytes.length, end + piece.length));
    }
    end += piece.copy(bytes, end);
  }
  return { bytes: bytes.subarray(0, end), imageId: hash.digest('hex') };
}

/** @throws ServeError when there is nothing in it */
export function pictureOf(bytes: Uint8Array): Picture {
  if (bytes.byteLength === 0) throw noPicture();
  return { bytes, imageId: sha256Of(bytes) };
}

export function noPicture(): ServeError {
  return new ServeError('bad_request', "The request has no picture: send its file as the field 'image'.");
}
