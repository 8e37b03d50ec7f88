/** @file Decoding a JPEG, PNG, WebP, GIF or TIFF file to RGB as OpenCV's imread does, with limits on its size. */

import { readFile, stat } from 'node:fs/promises';
import sharp from 'sharp';
import { hasErrorCode, LxmertError, messageOf, UsageError } from '../common/errors.js';
import type { RgbImage } from '../common/rgbImage.js';
import { namePictureFormat } from './pictureFormat.js';

export interface DecodeOptions {
  /** Pictures of more pixels are refused before they are decoded. Default {@link DEFAULT_MAX_PIXELS}. */
  readonly maxPixels?: number;
  /** Files of more bytes are refused before they are read. Default {@link DEFAULT_MAX_BYTES}. */
  readonly maxBytes?: number;
  /** What errors call the picture. Default: its path, or `the picture` for bytes. */
  readonly name?: string;
}

/** 64 megapixels: any camera's picture; a small file that unpacks to more is an attack or a mistake. */
export const DEFAULT_MAX_PIXELS = 64 * 1024 * 1024;

/** 256 MiB: more than 64 megapixels take uncompressed. */
export const DEFAULT_MAX_BYTES = 256 * 1024 * 1024;

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
  const maxPixels = options.maxPixels ?? DEFAULT_MAX_PIXELS;
  const maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
  const bytes = typeof source === 'string' ? await readPicture(source, name, maxBytes) : source;
  refuseSize(bytes.byteLength, name, maxBytes);
  const format = namePictureFormat(bytes);
  if (format === undefined) {
    throw new LxmertError(
      `${sentenceStart(name)} is not a JPEG, PNG, WebP, GIF or TIFF file, whatever its name. Convert it to one of them.`,
    );
  }
  try {
    return await decode(bytes, name, maxPixels);
  } catch (cause) {
    if (cause instanceof LxmertError) throw cause;
    throw new LxmertError(
      `${sentenceStart(name)} cannot be decoded; as a ${format} file it is damaged or cut short: ${reasonOf(cause)}. ` +
        'Get it again, or leave it out.',
      { cause },
    );
  }
}

/**
 * The bytes of a picture's file; its size is looked at first.
 *
 * @throws UsageError when the file is not there or is none; LxmertError when it is empty or too large
 */
export async function readPicture(
  file: string,
  name = file,
  maxBytes = DEFAULT_MAX_BYTES,
): Promise<Uint8Array> {
  try {
    const status = await stat(file);
    if (status.isDirectory()) throw new UsageError(`${sentenceStart(name)} is a folder, not a picture.`);
    // A pipe would be waited for without end.
    if (!status.isFile()) throw new UsageError(`${sentenceStart(name)} is not a file.`);
    refuseSize(status.size, name, maxBytes);
    return await readFile(file);
  } catch (cause) {
    if (cause instanceof LxmertError) throw cause;
    if (hasErrorCode(cause, 'ENOENT')) throw new UsageError(`There is no picture at ${name}.`, { cause });
    throw new LxmertError(`${sentenceStart(name)} cannot be read: ${messageOf(cause)}.`, { cause });
  }
}

function refuseSize(numBytes: number, name: string, maxBytes: number): void {
  if (numBytes === 0) throw new LxmertError(`${sentenceStart(name)} is empty (0 bytes).`);
  if (numBytes <= maxBytes) return;
  throw new LxmertError(
    `${sentenceStart(name)} is a file of ${numBytes} bytes; a picture may have at most ${maxBytes}.`,
  );
}

async function decode(bytes: Uint8Array, name: string, maxPixels: number): Promise<RgbImage> {
  // A truncated file fails too at this level; what the decoder mends with a warning passes, as it does in OpenCV.
  const image = sharp(bytes, { limitInputPixels: false, failOn: 'error', ignoreIcc: true });
  const { width, height, space } = await image.metadata();
  if (width * height > maxPixels) {
    throw new LxmertError(
      `${sentenceStart(name)} has ${width} x ${height} pixels; a picture may have at most ${maxPixels} in all. ` +
        'Make it smaller first.',
    );
  }
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

/** The decoder's first line, which is the one that names the fault. */
function reasonOf(cause: unknown): string {
  return (messageOf(cause).split('\n')[0] as string).trim().replace(/\.$/, '');
}

/** `the picture` begins a sentence with a capital; a path stays as it is. */
function sentenceStart(name: string): string {
  return name === 'the picture' ? 'The picture' : name;
}
