import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LxmertError, UsageError } from '../../src/common/errors.js';
import { decodeImage } from '../../src/vision/decodeImage.js';
import type { DecodeOptions } from '../../src/vision/pictureFile.js';
import { thumbnailDataUri } from '../../src/vision/thumbnail.js';
import { bgrSha256, fixture, fixtureJson, goldenPhotos } from './support.js';

interface Decoded {
  readonly height: number;
  readonly width: number;
  readonly bgrSha256: string;
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'decode-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function errorOf(source: string | Uint8Array, options?: DecodeOptions): Promise<LxmertError> {
  const error = await decodeImage(source, options).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(LxmertError);
  return error as LxmertError;
}

/** With the processor's time that it took: the clock's says more of what else the machine is at. */
async function timedErrorOf(bytes: Uint8Array): Promise<{ milliseconds: number; message: string }> {
  const before = process.cpuUsage();
  const { message } = await errorOf(bytes);
  const { user, system } = process.cpuUsage(before);
  return { milliseconds: (user + system) / 1000, message };
}

function fileOf(name: string, bytes: Uint8Array | string): string {
  const file = path.join(folder, name);
  writeFileSync(file, bytes);
  return file;
}

/** A TIFF file of one strip, its directory first: tags with one value each. */
function tiffOf(pixels: Uint8Array, tags: readonly (readonly [tag: number, value: number])[]): Buffer {
  const start = 8 + 2 + tags.length * 12 + 4;
  const head = Buffer.alloc(start);
  head.write('II*\0', 'latin1');
  head.writeUInt32LE(8, 4);
  head.writeUInt16LE(tags.length, 8);
  tags.forEach(([tag, value], i) => {
    const entry = 10 + i * 12;
    head.writeUInt16LE(tag, entry);
    // LONG, one value; StripOffsets is where the pixels begin.
    head.writeUInt16LE(4, entry + 2);
    head.writeUInt32LE(1, entry + 4);
    head.writeUInt32LE(tag === 273 ? start : value, entry + 8);
  });
  return Buffer.concat([head, pixels]);
}

/** Grey, 8 x 6. */
function greyTiff(first: readonly (readonly [number, number])[], numBits: number, format: number): Buffer {
  const numBytes = (8 * 6 * numBits) / 8;
  return tiffOf(Buffer.alloc(numBytes, 0x3c), [
    ...first,
    ...([
      [256, 8],
      [257, 6],
      [258, numBits],
      [259, 1],
      [262, 1],
      [273, 0],
      [277, 1],
      [278, 6],
      [279, numBytes],
      [339, format],
    ] as const),
  ]);
}

/** A chunk of a PNG file. */
function chunk(type: string, data: Uint8Array): Buffer {
  const bytes = Buffer.concat([Buffer.alloc(4), Buffer.from(type, 'latin1'), data, Buffer.alloc(4)]);
  bytes.writeUInt32BE(data.length, 0);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, -4)), bytes.length - 4);
  return bytes;
}

/** One bit a pixel: a small file, whatever its sides. */
function blackPng(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 1;
  // Rows and rows of zeros; where they would be many, the file ends before them.
  const rows = Buffer.alloc(Math.min(2 ** 26, height * (1 + Math.ceil(width / 8))));
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** Incompressible, so that a cut falls into the pixels. */
function noisyPicture() {
  const data = Buffer.alloc(64 * 48 * 3);
  for (let i = 0, state = 1; i < data.length; i++) {
    state = (state * 48271) % 2147483647;
    data[i] = state & 255;
  }
  return sharp(data, { raw: { width: 64, height: 48, channels: 3 } });
}

describe('pixels are those of OpenCV, to the last bit', () => {
  const { pictures } = fixtureJson<{ pictures: Record<string, Decoded> }>('pictures.json');

  it.each(Object.entries(pictures))('%s', async (name, expected) => {
    const image = await decodeImage(fixture(name));
    expect([image.height, image.width]).toEqual([expected.height, expected.width]);
    expect(image.data.length).toBe(expected.height * expected.width * 3);
    expect(bgrSha256(image).slice(0, 16)).toBe(expected.bgrSha256);
  });

  it.each(goldenPhotos())('photo $name', async (photo) => {
    const image = await decodeImage(photo.file);
    expect([image.height, image.width]).toEqual([photo.height, photo.width]);
    expect(bgrSha256(image)).toBe(photo.bgrSha256);
  });

  it('from bytes as from a file, whatever the file is called', async () => {
    const bytes = readFileSync(fixture('cmyk.jpg'));
    const renamed = await decodeImage(fileOf('really-a-jpeg.png', bytes));
    expect(renamed).toEqual(await decodeImage(bytes));
    expect(renamed).toEqual(await decodeImage(fixture('cmyk.jpg')));
  });

  it('of AVIF too, 8 bits and 10, upright, without what is transparent', async () => {
    const color = { r: 200, g: 100, b: 50, alpha: 0.5 };
    const create = { width: 64, height: 48, channels: 4, background: color } as const;
    for (const bitdepth of [8, 10] as const) {
      const bytes = await sharp({ create }).avif({ lossless: true, bitdepth }).toBuffer();
      const { width, height, data } = await decodeImage(bytes);
      expect([width, height]).toEqual([64, 48]);
      expect(data).toHaveLength(64 * 48 * 3);
      [200, 100, 50].forEach((value, c) => {
        expect(Math.abs((data[c] as number) - value)).toBeLessThanOrEqual(2);
      });
    }
  });

  it('reads the first picture of GIF and TIFF', async () => {
    const picture = sharp(fixture('palette.png')).removeAlpha();
    const expected = await decodeImage(fixture('palette.png'));
    expect(await decodeImage(await picture.clone().gif().toBuffer())).toEqual(expected);
    expect(await decodeImage(await picture.clone().tiff({ compression: 'lzw' }).toBuffer())).toEqual(
      expected,
    );
  });
});

describe('what cannot be decoded is refused with a sentence that names the file', () => {
  it('a missing file and a folder are wrong use', async () => {
    const missing = await errorOf(path.join(folder, 'none.jpg'));
    expect(missing).toBeInstanceOf(UsageError);
    expect(missing.message).toContain('There is no picture at');
    expect(missing.message).toContain('none.jpg');
    expect((await errorOf(folder)).message).toBe(`${folder} is a folder, not a picture.`);
    const loop = path.join(folder, 'loop.png');
    symlinkSync('loop.png', loop);
    expect((await errorOf(loop)).message).toMatch(
      /^Symbolic links on the way to '.*loop\.png' lead in a circle/,
    );
  });

  it('an empty file, text, and kinds of file that the decoder library would read but OpenCV would not', async () => {
    expect((await errorOf(fileOf('empty.jpg', ''))).message).toMatch(/empty\.jpg is empty/);
    expect((await errorOf(new Uint8Array(0))).message).toBe('The picture is empty (0 bytes). Get it again.');
    expect((await errorOf(fileOf('text.jpg', 'hello, I am no picture'))).message).toMatch(
      /text\.jpg is not a JPEG, PNG, WebP, GIF, TIFF or AVIF file, whatever its name: it is text\./,
    );
    const drawing =
      '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>';
    const file = fileOf('drawing.png', drawing);
    expect((await errorOf(file)).message).toMatch(
      /drawing\.png is an SVG drawing, which is not read here\. Convert it to JPEG or PNG\.$/,
    );
    // Nor is it drawn for a page.
    await expect(thumbnailDataUri(file)).rejects.toThrow(/drawing\.png is an SVG drawing, which is not read/);
  });

  it.each([
    ['JPEG', 'jpeg', 0.6],
    ['JPEG', 'jpeg', 0.01],
    ['PNG', 'png', 0.6],
    ['WebP', 'webp', 0.6],
  ] as const)('a truncated %s (.%s, %d of it)', async (format, extension, share) => {
    const whole = await noisyPicture().toFormat(extension).toBuffer();
    const file = fileOf(
      `cut.${extension}`,
      whole.subarray(0, Math.max(20, Math.floor(whole.length * share))),
    );
    const { message } = await errorOf(file);
    expect(message).toContain(file);
    expect(message).toContain(`as a ${format} file it is damaged or cut short`);
    expect(message).not.toContain('\n');
  });

  it('a JPEG that lacks nothing but its end mark', async () => {
    const whole = await noisyPicture().jpeg().toBuffer();
    expect((await errorOf(whole.subarray(0, -2))).message).toContain('cut short');
    expect((await decodeImage(Buffer.concat([whole, Buffer.from('more')]))).width).toBe(64);
  });

  it('a PNG with damaged pixels', async () => {
    const bytes = await noisyPicture().png().toBuffer();
    const middle = bytes.length >> 1;
    bytes.fill(0x55, middle, middle + 40);
    expect((await errorOf(bytes, { name: 'photo 7' })).message).toMatch(/^photo 7 cannot be decoded/);
  });

  it('too many pixels or bytes', async () => {
    const file = fileOf('large.png', await noisyPicture().png().toBuffer());
    expect((await errorOf(file, { maxPixels: 64 * 48 - 1 })).message).toMatch(
      /large\.png has 64 x 48 pixels; a picture may have at most 3071 in all/,
    );
    await decodeImage(file, { maxPixels: 64 * 48 });
    expect((await errorOf(file, { maxBytes: 1000 })).message).toMatch(
      /large\.png is a file of \d+ bytes; a picture may have at most 1000/,
    );
    expect((await errorOf(readFileSync(file), { maxBytes: 1000 })).message).toMatch(/^The picture is a file/);
  });

  it.each([
    [1, 30_000_000],
    [30_000_000, 1],
    [64, 1_000_000],
    [70_000, 70_000],
  ])('sides of %d x %d, in no time', async (width, height) => {
    const bytes = blackPng(width, height);
    const { milliseconds, message } = await timedErrorOf(bytes);
    expect(milliseconds).toBeLessThan(200);
    expect(message).toMatch(new RegExp(`has ${width} x ${height} pixels; .* Make it smaller first\\.$`));
    const file = fileOf('extreme.png', bytes);
    await expect(thumbnailDataUri(file)).rejects.toThrow('Make it smaller first.');
  });

  it('sides that whoever asks has no use for, of the upright picture, before it is decoded', async () => {
    const turned = await noisyPicture().jpeg().withMetadata({ orientation: 6 }).toBuffer();
    const sides: number[] = [];
    const refuse = (width: number, height: number): never => {
      sides.push(width, height);
      throw new LxmertError('Too thin.');
    };
    // Cut, so that decoding would fail in other words.
    const cut = turned.subarray(0, turned.length >> 1);
    expect((await errorOf(cut, { requireSize: refuse })).message).toBe('Too thin.');
    expect(sides).toEqual([48, 64]);
  });

  it('pixels without a known white', async () => {
    expect((await errorOf(greyTiff([], 32, 3))).message).toBe(
      'The picture has pixels of the type float; 8 or 16 bits without a sign are read. Save it with 8 bits first.',
    );
  });

  it('more pages, frames or scans than can be gone through in no time', async () => {
    const page = greyTiff([], 8, 1).subarray(8, 8 + 2 + 10 * 12 + 4);
    const pages = Array.from({ length: 100_000 }, (_, i) => {
      const copy = Buffer.from(page);
      copy.writeUInt32LE(8 + (i + 1) * page.length, page.length - 4);
      return copy;
    });
    const tiff = Buffer.concat([Buffer.from('II*\0\x08\0\0\0', 'latin1'), ...pages]);
    const head = Buffer.from('47494638396101000100800000000000ffffff', 'hex');
    const frame = Buffer.from('2c0000000001000100000202440100', 'hex');
    const gif = Buffer.concat([head, ...Array<Buffer>(500_000).fill(frame), Buffer.from([0x3b])]);
    const progressive = await noisyPicture().jpeg({ progressive: true }).toBuffer();
    const lastScan = progressive.subarray(progressive.lastIndexOf(Buffer.from([0xff, 0xda])), -2);
    const jpeg = Buffer.concat([progressive.subarray(0, -2), ...Array<Buffer>(500).fill(lastScan)]);
    const chunk = Buffer.from('ANMF\0\0\0\0', 'latin1');
    const webp = Buffer.concat([
      Buffer.from('RIFF\0\0\0\0WEBP', 'latin1'),
      ...Array<Buffer>(10_001).fill(chunk),
    ]);
    const cases = [
      [tiff, '1000 pages'],
      [gif, '10000 frames'],
      [jpeg, '100 scans'],
      [webp, '10000 frames'],
    ] as const;
    for (const [bytes, words] of cases) {
      const { milliseconds, message } = await timedErrorOf(bytes);
      expect(message).toContain(`The picture has more than ${words}, which takes too long`);
      expect(milliseconds).toBeLessThan(200);
    }
    // As many as there may be.
    expect((await decodeImage(Buffer.concat([head, frame, frame, Buffer.from([0x3b])]))).width).toBe(1);
    expect((await decodeImage(progressive)).width).toBe(64);
  });

  it("a camera's raw file, whose preview the decoder would show", async () => {
    expect((await decodeImage(greyTiff([[254, 0]], 8, 1))).width).toBe(8);
    // NewSubfileType 1: a smaller copy of another picture of the file.
    const raw = greyTiff([[254, 1]], 8, 1);
    expect((await sharp(raw).metadata()).width).toBe(8);
    expect((await errorOf(raw)).message).toBe(
      'The picture is a camera raw picture, which is not read here. Convert it to JPEG or PNG.',
    );
  });

  it('a small file that would unpack to more pixels than allowed, before it is unpacked', async () => {
    const header = Buffer.from(readFileSync(fixture('grey.png')));
    header.writeUInt32BE(60000, 16);
    header.writeUInt32BE(60000, 20);
    header.writeUInt32BE(crc32(header.subarray(12, 29)), 29);
    expect((await errorOf(header)).message).toMatch(/has 60000 x 60000 pixels; .* Make it smaller first\.$/);
  });

  it('a header that the decoder refuses without saying why', async () => {
    const header = Buffer.from(readFileSync(fixture('grey.png')));
    header.writeUInt32BE(0x7fffffff, 20);
    header.writeUInt32BE(crc32(header.subarray(12, 29)), 29);
    expect((await errorOf(header)).message).toBe(
      'The picture cannot be decoded; as a PNG file it is damaged or cut short: its header cannot be read. Get it again, or leave it out.',
    );
  });
});
