/** @file Decoding a picture's file to RGB as OpenCV's imread does, with limits on its size. */

import { LxmertError } from '../common/errors.js';
import type { RgbImage } from '../common/rgbImage.js';
import { contentKindOf } from '../formats/contentKind.js';
import {
  type DecodeOptions,
  damaged,
  type OpenedPicture,
  openPicture,
  readPicture,
  sentenceStart,
} from './pictureFile.js';
import { decodedName } from './pictureKinds.js';

/**
 * Decodes a picture from a path or from the bytes of its file to what OpenCV's `imread` (`IMREAD_COLOR`) gives, in
 * RGB order: EXIF orientation applied, alpha dropped (not blended), grey spread to three equal channels, 16 bits cut
 * to the upper 8, CMYK by the plain formula, and color profiles ignored. The features that models were trained on
 * were made from such pixels. docs/reference/images.md says what was compared.
 *
 * @returns height x width x 3 bytes
 * @throws UsageError when the file is not there or is a folder.
 * @throws LxmertError when it is no picture, is damaged or cut short, or is over one of the limits.
 */
export async function decodeImage(
  source: string | Uint8Array,
  options: DecodeOptions = {},
): Promise<RgbImage> {
  const name = options.name ?? (typeof source === 'string' ? source : 'the picture');
  const bytes = typeof source === 'string' ? await readPicture(source, name, options.maxBytes) : source;
  const opened = await openPicture(bytes, { ...options, name });
  try {
    return await decode(opened, name);
  } catch (cause) {
    if (cause instanceof LxmertError) throw cause;
    throw damaged(cause, decodedName(contentKindOf(bytes)) as string, name);
  }
}

async function decode({ image, metadata: { space } }: OpenedPicture, name: string): Promise<RgbImage> {
  image.autoOrient();
  // Without the explicit pipeline, CMYK goes to RGB by way of a print profile.
  if (space === 'cmyk') image.pipelineColourspace('cmyk').toColourspace('cmyk');
  else image.removeAlpha().toColourspace('srgb');
  const { data, info } = await image.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  const expected = space === 'cmyk' ? 4 : 3;
  if (info.channels !== expected) {
    throw new LxmertError(
      `${sentenceStart(name)} decodes to ${info.channels} channels; ${expected} were expected. Save it as RGB.`,
    );
  }
  const pixels = new Uint8Array(data.buffer, data.byteOffset, data.length);
  return {
    width: info.width,
    height: info.height,
    data: space === 'cmyk' ? inkToRgb(pixels) : pixels,
  };
}

/**
 * (pixels, 4) ink amounts, 0 for none, to (pixels, 3) by OpenCV's formula with its rounding: each channel is
 * K' - floor(C * K' / 256) for K' = 255 - K.
 */
function inkToRgb(ink: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((ink.length / 4) * 3);
  for (let source = 0, target = 0; source < ink.length; source += 4, target += 3) {
    const light = 255 - (ink[source + 3] as number);
    for (let c = 0; c < 3; c++) {
      rgb[target + c] = light - (((ink[source + c] as number) * light) >> 8);
    }
  }
  return rgb;
}
