/** @file Pictures of extreme sides, as files of some kilobytes to a megabyte: whole ones, and headers that state what is not there. */

import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';

/** By what they are. */
export async function extremePictures(): Promise<ReadonlyMap<string, Buffer>> {
  const small = sharp({ create: { width: 16, height: 16, channels: 3, background: '#383' } });
  const jpeg = await small.clone().jpeg().toBuffer();
  const progressive = await small.clone().jpeg({ progressive: true }).toBuffer();
  const gif = await small.clone().gif().toBuffer();
  const webp = await small.clone().webp({ lossless: true }).toBuffer();
  const tiff = await small.clone().tiff({ compression: 'lzw' }).toBuffer();
  return new Map([
    ['PNG, 1 x 40,000,000, whole', png(1, 40_000_000)],
    ['PNG, 40,000,000 x 1, whole', png(40_000_000, 1)],
    ['PNG, 20,000 x 20,000, whole', png(20_000, 20_000)],
    ['PNG, 1 x 2,147,483,647, stated', png(1, 2 ** 31 - 1, 1000)],
    ['PNG, 65,000 x 65,000, stated', png(65_000, 65_000, 10)],
    ['JPEG, 65,500 x 65,500, stated', withJpegSides(jpeg, 65_500)],
    ['JPEG, progressive, 65,500 x 65,500, stated', withJpegSides(progressive, 65_500)],
    ['GIF, 65,535 x 65,535, stated', withGifSides(gif, 65_535)],
    ['WebP, 16,384 x 16,384, stated', withWebpSides(webp)],
    ['TIFF, 16 x 4,000,000, stated', withTiffHeight(tiff, 4_000_000)],
  ]);
}

/** Of one bit a pixel, all zeros. */
function png(width: number, height: number, numRows = height): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.writeUInt8(1, 8);
  const pixels = deflateSync(Buffer.alloc((1 + Math.ceil(width / 8)) * numRows), { level: 9 });
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk('IHDR', head),
    chunk('IDAT', pixels),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(kind: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(kind, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
}

function withJpegSides(jpeg: Buffer, side: number): Buffer {
  const changed = Buffer.from(jpeg);
  // Baseline or progressive; its length, 8 bits a sample, height and width follow.
  const frame = changed.findIndex(
    (byte, i) => byte === 0xff && /^c[02]$/.test((changed[i + 1] ?? 0).toString(16)),
  );
  changed.writeUInt16BE(side, frame + 5);
  changed.writeUInt16BE(side, frame + 7);
  return changed;
}

function withGifSides(gif: Buffer, side: number): Buffer {
  const changed = Buffer.from(gif);
  for (const start of [6, changed.indexOf(0x2c, 13) + 5]) {
    changed.writeUInt16LE(side, start);
    changed.writeUInt16LE(side, start + 2);
  }
  return changed;
}

function withWebpSides(webp: Buffer): Buffer {
  const changed = Buffer.from(webp);
  // 14 bits each, less one, behind the signature of a lossless picture.
  const start = changed.indexOf('VP8L') + 9;
  changed.writeUInt32LE(((changed.readUInt32LE(start) & 0xf0000000) | 0x0fffffff) >>> 0, start);
  return changed;
}

function withTiffHeight(tiff: Buffer, height: number): Buffer {
  const changed = Buffer.from(tiff);
  const directory = changed.readUInt32LE(4);
  const numFields = changed.readUInt16LE(directory);
  for (let i = 0; i < numFields; i++) {
    const field = directory + 2 + 12 * i;
    // ImageLength, as 32 bits.
    if (changed.readUInt16LE(field) !== 257) continue;
    changed.writeUInt16LE(4, field + 2);
    changed.writeUInt32LE(height, field + 8);
  }
  return changed;
}
