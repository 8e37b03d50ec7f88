/** @file Decoding a PNG, JPEG, WebP or TIFF file to RGB, with a limit on its size. */

import { access } from 'node:fs/promises';
import sharp from 'sharp';
import { LxmertError, messageOf, UsageError } from '../common/errors.js';
import type { RgbImage } from '../common/rgbImage.js';

export interface DecodeOptions {
  /** Pictures of more pixels are refused before they are decoded. */
  readonly maxPixels?: number;
}

/** 64 megapixels: any camera's picture; a small file that unpacks to more is an attack or a mistake. */
export const DEFAULT_MAX_PIXELS = 64 * 1024 * 1024;

/**
 * Decodes a picture from a path or from its bytes: orientation applied, alpha laid over white, grey spread to
 * three channels, colors in sRGB.
 *
 * @throws UsageError when the file is not there.
 * @throws LxmertError when it is not a picture, is damaged, or has more than `maxPixels` pixels.
 */
export async function decodeImage(
  source: string | Uint8Array,
  options: DecodeOptions = {},
): Promise<RgbImage> {
  const maxPixels = options.maxPixels ?? DEFAULT_MAX_PIXELS;
  const name = typeof source === 'string' ? source : 'the picture';
  if (typeof source === 'string') {
    await access(source).catch(() => {
      throw new UsageError(`There is no picture at ${source}.`);
    });
  } else if (source.byteLength === 0) {
    throw new LxmertError('The picture is empty (0 bytes).');
  }
  try {
    const image = sharp(source, { limitInputPixels: maxPixels, failOn: 'error' });
    const { data, info } = await image
      .rotate()
      .flatten({ background: '#ffffff' })
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 3) {
      throw new LxmertError(`it decodes to ${info.channels} channels, and three were expected.`);
    }
    return {
      width: info.width,
      height: info.height,
      data: new Uint8Array(data.buffer, data.byteOffset, data.length),
    };
  } catch (error) {
    if (/pixel limit/.test(messageOf(error))) {
      throw new LxmertError(`Cannot read ${name}: it has more than ${maxPixels} pixels.`, { cause: error });
    }
    throw new LxmertError(
      `Cannot read ${name} as a picture (PNG, JPEG, WebP, GIF or TIFF): ${messageOf(error)}`,
      { cause: error },
    );
  }
}
