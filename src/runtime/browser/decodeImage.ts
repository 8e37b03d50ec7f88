/**
 * @file Decoding a picture with the browser's own decoder to the pixels that the main path has: orientation applied,
 * alpha dropped (not blended), color profiles ignored.
 */

/// <reference lib="dom" />

import { LxmertError } from '../../common/errors.js';
import type { RgbImage } from '../../common/rgbImage.js';
import { straightPixels } from './straightPixels.js';
import { turnUpright, webpOrientation } from './webpOrientation.js';

/** 64 megapixels, as on the main path. */
const MAX_PIXELS = 64 * 1024 * 1024;
const MAX_BYTES = 256 * 1024 * 1024;

/**
 * Decodes JPEG, PNG, WebP and whatever else the browser knows, in a page or in a worker.
 * docs/how-to/anywhere.md says what was compared with the main path's decoder.
 *
 * @param name what errors call the picture
 * @returns height x width x 3 bytes
 * @throws LxmertError when it is empty, no picture that the browser decodes, damaged, or over the limits
 */
export async function decodeImage(source: Blob | Uint8Array, name = 'the picture'): Promise<RgbImage> {
  const blob = source instanceof Blob ? source : new Blob([source as Uint8Array<ArrayBuffer>]);
  const start = name === 'the picture' ? 'The picture' : name;
  if (blob.size === 0) throw new LxmertError(`${start} is empty (0 bytes). Get it again.`);
  if (blob.size > MAX_BYTES) {
    throw new LxmertError(
      `${start} is a file of ${blob.size} bytes; a picture may have at most ${MAX_BYTES}.`,
    );
  }
  const orientation = await webpOrientation(blob);
  const bitmap = await bitmapOf(blob, orientation !== undefined).catch((cause: unknown) => {
    throw new LxmertError(
      `${start} cannot be decoded: it is no picture of a kind that this browser knows, or it is damaged or cut short. ` +
        'Get it again, or save it as JPEG or PNG.',
      { cause },
    );
  });
  try {
    const { width, height } = bitmap;
    if (width * height > MAX_PIXELS) {
      throw new LxmertError(
        `${start} has ${width} x ${height} pixels; a picture may have at most ${MAX_PIXELS} in all. Make it smaller first.`,
      );
    }
    const image = { width, height, data: withoutAlpha(straightPixels(bitmap)) };
    return orientation === undefined ? image : turnUpright(image, orientation);
  } finally {
    bitmap.close();
  }
}

/**
 * @param isTurnedHere for WebP, whose EXIF orientation browsers do not follow: it is told not to, lest one day it does
 */
async function bitmapOf(blob: Blob, isTurnedHere: boolean): Promise<ImageBitmap> {
  return await createImageBitmap(blob, {
    // Features were trained on pixels as they stand in the file.
    colorSpaceConversion: 'none',
    premultiplyAlpha: 'none',
    imageOrientation: isTurnedHere ? 'none' : 'from-image',
  });
}

/** (pixels, 4) -> (pixels, 3) */
function withoutAlpha(rgba: Uint8Array | Uint8ClampedArray): Uint8Array {
  const numPixels = rgba.length / 4;
  const rgb = new Uint8Array(3 * numPixels);
  for (let source = 0, target = 0; source < rgba.length; source += 4, target += 3) {
    rgb[target] = rgba[source] as number;
    rgb[target + 1] = rgba[source + 1] as number;
    rgb[target + 2] = rgba[source + 2] as number;
  }
  return rgb;
}
