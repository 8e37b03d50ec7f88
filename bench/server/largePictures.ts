/** @file Pictures of many megabytes, as files: noise, which no format makes smaller, and what unpacks to far more. */

import sharp from 'sharp';
import { Random } from '../../src/common/random.js';

/**
 * A PNG file of noise.
 *
 * @param numBytes about as many, at least
 */
export async function noisePicture(numBytes: number): Promise<Buffer> {
  // Three bytes a pixel; noise takes a little more packed than plain.
  const side = Math.ceil(Math.sqrt(numBytes / 3));
  return await sharp(noise(side * side * 3), { raw: { width: side, height: side, channels: 3 } })
    .png({ compressionLevel: 0 })
    .toBuffer();
}

/** A progressive JPEG file, whose decoder keeps all of it: the largest square picture that is taken. */
export async function progressivePicture(): Promise<Buffer> {
  const side = 8192;
  const small = await sharp(noise(64 * 64 * 3), { raw: { width: 64, height: 64, channels: 3 } })
    .png()
    .toBuffer();
  return await sharp(small).resize(side, side).jpeg({ progressive: true, quality: 80 }).toBuffer();
}

/** The same picture as another file: bytes of its own behind its end, where decoders do not look. */
export function asAnother(picture: Buffer, index: number): Buffer {
  const own = Buffer.alloc(8);
  own.writeDoubleLE(index);
  return Buffer.concat([picture, own]);
}

function noise(numBytes: number): Buffer {
  const random = new Random(1);
  const bytes = Buffer.alloc(numBytes);
  for (let i = 0; i + 4 <= numBytes; i += 4) bytes.writeUInt32LE(random.integer(0xffffffff), i);
  return bytes;
}
