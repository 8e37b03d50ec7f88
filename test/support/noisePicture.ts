/** @file Pictures of noise that are the same in every run, which those of an image library's own generator are not. */

import sharp, { type Sharp } from 'sharp';
import { Random } from '../../src/common/random.js';

/** A picture of `width` x `height` points, each channel drawn evenly from `lowest` to `lowest` + `range`. */
export function noisePicture(
  width: number,
  height: number,
  { seed = 1, lowest = 20, range = 200 }: { seed?: number; lowest?: number; range?: number } = {},
): Sharp {
  const random = new Random(seed);
  const pixels = Uint8Array.from({ length: 3 * width * height }, () => lowest + random.integer(range));
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}
