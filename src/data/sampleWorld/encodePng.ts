/** @file A drawn picture as the bytes of a PNG file. */

import sharp from 'sharp';
import type { RgbImage } from '../../common/rgbImage.js';

export async function encodePng({ width, height, data }: RgbImage): Promise<Buffer> {
  return await sharp(data, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 6 })
    .toBuffer();
}
