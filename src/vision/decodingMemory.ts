/** @file How much memory decoding a picture takes, from its header. */

import type { OpenedPicture } from './pictureFile.js';

/** Formats whose decoders unpack a whole picture with transparency before they give its first row. */
const WHOLE = ['webp', 'gif', 'heif'];

/** Bytes that decoding to RGB takes at most, about: its pixels, and what a decoder keeps of the whole picture. */
export function bytesToDecode({ metadata, width, height }: OpenedPicture): number {
  const { format, space, isProgressive = false, orientation = 1 } = metadata;
  const channels = space === 'cmyk' ? 4 : 3;
  let perPixel = channels;
  // In RGB beside the inks.
  if (space === 'cmyk') perPixel += 3;
  // Coefficients of 16 bits of all scans, or the rows of a picture that comes in passes.
  if (isProgressive) perPixel += 2 * channels;
  // Turned upright from a whole copy.
  if (orientation > 1) perPixel += channels;
  if (WHOLE.includes(format ?? '')) perPixel += 4;
  return width * height * perPixel;
}
