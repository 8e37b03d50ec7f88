/**
 * @file Base64 that is all of it base64. Node's decoder skips what is not and stops at a padding sign, so anything wrong inside
 * shows as too few bytes.
 */

/** Characters decoded at once, a multiple of 4: V8 makes short strings four times faster than one of 393,216. */
const CHUNK = 1 << 15;

export type Base64Fault = 'length' | 'character';

/**
 * The bytes of a text in the standard alphabet, with or without its padding.
 *
 * @returns the fault: a `length` that no number of bytes has, or a `character` of another alphabet. Of URLs' alphabet - and _
 * are taken.
 */
export function decodeBase64(text: Buffer): Uint8Array<ArrayBuffer> | Base64Fault {
  const padding = text.length === 0 ? 0 : text.at(-2) === EQUALS ? 2 : text.at(-1) === EQUALS ? 1 : 0;
  // Without its padding signs a text may end after 2 or 3 of 4 characters.
  if (padding > 0 ? text.length % 4 !== 0 : text.length % 4 === 1) return 'length';
  const decoded = new Uint8Array(Math.floor(((text.length - padding) * 3) / 4));
  const target = Buffer.from(decoded.buffer);
  let written = 0;
  for (let from = 0; from < text.length; from += CHUNK)
    written += target.write(text.toString('latin1', from, from + CHUNK), written, 'base64');
  return written === decoded.length ? decoded : 'character';
}

const EQUALS = 0x3d;
