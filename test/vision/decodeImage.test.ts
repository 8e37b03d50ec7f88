import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LxmertError, UsageError } from '../../src/common/errors.js';
import { type DecodeOptions, decodeImage } from '../../src/vision/decodeImage.js';
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

function fileOf(name: string, bytes: Uint8Array | string): string {
  const file = path.join(folder, name);
  writeFileSync(file, bytes);
  return file;
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
  });

  it('an empty file, text, and kinds of file that the decoder library would read but OpenCV would not', async () => {
    expect((await errorOf(fileOf('empty.jpg', ''))).message).toMatch(/empty\.jpg is empty/);
    expect((await errorOf(new Uint8Array(0))).message).toBe('The picture is empty (0 bytes).');
    expect((await errorOf(fileOf('text.jpg', 'hello, I am no picture'))).message).toMatch(
      /text\.jpg is not a JPEG, PNG, WebP, GIF or TIFF file/,
    );
    const drawing =
      '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>';
    expect((await errorOf(fileOf('drawing.png', drawing))).message).toMatch(/drawing\.png is not a JPEG/);
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

  it('a small file that would unpack to more pixels than allowed, before it is unpacked', async () => {
    const header = Buffer.from(readFileSync(fixture('grey.png')));
    header.writeUInt32BE(60000, 16);
    header.writeUInt32BE(60000, 20);
    header.writeUInt32BE(crc32(header.subarray(12, 29)), 29);
    expect((await errorOf(header)).message).toMatch(/has 60000 x 60000 pixels; .* Make it smaller first\.$/);
  });
});
