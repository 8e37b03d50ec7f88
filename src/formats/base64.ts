/** @file Base64 that is all of it base64; Node's decoder passes over what is not. */

/** Characters decoded at once, a multiple of 4: V8 makes short strings four times faster than one of 393,216. */
const CHUNK = 1 << 15;

/**
 * The bytes of a text in the standard alphabet, with or without its padding.
 *
 * @returns undefined when it is cut short or holds another character
 */
export function decodeBase64(text: Buffer): Uint8Array<ArrayBuffer> | undefined {
  const padding = text.length === 0 ? 0 : text.at(-2) === EQUALS ? 2 : text.at(-1) === EQUALS ? 1 : 0;
  if (padding > 0 ? text.length % 4 !== 0 : text.length % 4 === 1) return undefined;
  const decoded = new Uint8Array(Math.floor(((text.length - padding) * 3) / 4));
  const target = Buffer.from(decoded.buffer);
  let written = 0;
  for (let from = 0; from < text.length; from += CHUNK)
    written += target.write(text.toString('latin1', from, from + CHUNK), written, 'base64');
  return written === decoded.length ? decoded : undefined;
}

const EQUALS = 0x3d;
