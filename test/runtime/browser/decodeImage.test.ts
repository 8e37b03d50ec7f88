import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Random } from '../../../src/common/random.js';
import { decodeImage } from '../../../src/vision/decodeImage.js';
import { launchBrowser } from '../../support/browser.js';
import { bundleForBrowser } from '../../support/browserBundle.js';
import { needing } from '../../support/skips.js';
import { type StaticServer, startStaticServer } from '../../support/staticServer.js';

const [WIDTH, HEIGHT] = [47, 31];

/** Smooth colors under a little noise, with an alpha of every value. */
function pixels(numChannels: 3 | 4): Sharp {
  const random = Random.derive(1, 'pixels');
  const data = Buffer.alloc(WIDTH * HEIGHT * numChannels);
  for (let y = 0, at = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++, at += numChannels) {
      const waves = [Math.sin(x / 9), Math.cos(y / 7), Math.sin((x + y) / 13)];
      waves.forEach((wave, c) => {
        data[at + c] = Math.round(128 + 110 * wave + 16 * (random.uniform() - 0.5));
      });
      if (numChannels === 4) data[at + 3] = Math.floor(256 * random.uniform());
    }
  }
  return sharp(data, { raw: { width: WIDTH, height: HEIGHT, channels: numChannels } });
}

const P3 = { attach: true } as const;
const files: Readonly<Record<string, () => Promise<Buffer>>> = {
  jpeg: () => pixels(3).jpeg({ quality: 90 }).toBuffer(),
  'jpeg without subsampling': () => pixels(3).jpeg({ chromaSubsampling: '4:4:4' }).toBuffer(),
  'progressive jpeg': () => pixels(3).jpeg({ progressive: true }).toBuffer(),
  'grey jpeg': () => pixels(3).greyscale().jpeg().toBuffer(),
  'jpeg with a profile': () => pixels(3).withIccProfile('p3', P3).jpeg().toBuffer(),
  png: () => pixels(3).png().toBuffer(),
  'png of 16 bits': () => pixels(3).toColourspace('rgb16').png().toBuffer(),
  'png with alpha': () => pixels(4).png().toBuffer(),
  'png with a profile': () => pixels(3).withIccProfile('p3', P3).png().toBuffer(),
  'png with a palette': () => pixels(3).png({ palette: true }).toBuffer(),
  webp: () => pixels(3).webp({ quality: 90 }).toBuffer(),
  'webp without loss': () => pixels(3).webp({ lossless: true }).toBuffer(),
  'webp with alpha': () => pixels(4).webp({ quality: 90 }).toBuffer(),
  'webp without loss, with alpha': () => pixels(4).webp({ lossless: true, exact: true }).toBuffer(),
  'webp with a profile': () => pixels(3).withIccProfile('p3', P3).webp({ lossless: true }).toBuffer(),
  gif: () => pixels(3).gif().toBuffer(),
};
for (const orientation of [1, 2, 3, 4, 5, 6, 7, 8]) {
  const turned = () => pixels(3).withMetadata({ orientation });
  Object.assign(files, {
    [`jpeg of orientation ${orientation}`]: () => turned().jpeg().toBuffer(),
    [`png of orientation ${orientation}`]: () => turned().png().toBuffer(),
    [`webp of orientation ${orientation}`]: () => turned().webp({ lossless: true }).toBuffer(),
  });
}

needing('chromium').describe('decoding in a browser', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'decode-'));
  let browser: Browser;
  let server: StaticServer;
  let page: Page;
  beforeAll(async () => {
    writeFileSync(path.join(folder, 'index.html'), '<!DOCTYPE html><title>decoding</title>');
    writeFileSync(
      path.join(folder, 'worker.js'),
      `import { decodeImage } from './decode.js';
      onmessage = async ({ data }) => {
        const answer = await decodeImage(data).then(
          ({ width, height, data }) => ({ width, height, data: [...data] }),
          (error) => ({ message: error.message }),
        );
        postMessage(answer);
      };`,
    );
    [browser, server] = await Promise.all([
      launchBrowser(),
      startStaticServer(folder),
      bundleForBrowser('src/runtime/browser/decodeImage.ts', folder, 'decode'),
    ]);
    page = await browser.newPage();
    await page.goto(server.address);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(folder, { recursive: true });
  });

  interface Decoded {
    readonly width: number;
    readonly height: number;
    readonly data: number[];
    readonly message?: string;
  }
  const decodeThere = (bytes: Buffer, place: 'page' | 'worker'): Promise<Decoded> =>
    page.evaluate(
      `(async () => {
        const bytes = Uint8Array.from(atob('${bytes.toString('base64')}'), (letter) => letter.charCodeAt(0));
        if ('${place}' === 'worker') {
          const worker = new Worker('./worker.js', { type: 'module' });
          return await new Promise((resolve) => {
            worker.onmessage = ({ data }) => { worker.terminate(); resolve(data); };
            worker.postMessage(new Blob([bytes]));
          });
        }
        const { decodeImage } = await import('./decode.js');
        try {
          const { width, height, data } = await decodeImage(bytes);
          return { width, height, data: [...data] };
        } catch (error) {
          return { message: error.message };
        }
      })()`,
    );

  it.each(Object.keys(files))('gives the pixels of the main path: %s', async (name) => {
    const bytes = await (files[name] as () => Promise<Buffer>)();
    const expected = await decodeImage(bytes);
    const { data, ...sides } = await decodeThere(bytes, 'page');
    expect(sides).toEqual({ width: expected.width, height: expected.height });
    expect(Buffer.from(data).equals(expected.data)).toBe(true);
  });

  it.each(['png with alpha', 'webp of orientation 6'])('does so in a worker: %s', async (name) => {
    const bytes = await (files[name] as () => Promise<Buffer>)();
    const expected = await decodeImage(bytes);
    const { data, ...sides } = await decodeThere(bytes, 'worker');
    expect(sides).toEqual({ width: expected.width, height: expected.height });
    expect(Buffer.from(data).equals(expected.data)).toBe(true);
  });

  it('differs by at most 1 for AVIF and 2 for CMYK', async () => {
    const cases = [
      [await pixels(3).avif({ quality: 90 }).toBuffer(), 1],
      [await pixels(3).toColourspace('cmyk').jpeg().toBuffer(), 2],
    ] as const;
    for (const [bytes, most] of cases) {
      const expected = await decodeImage(bytes);
      const { data } = await decodeThere(bytes, 'page');
      const differences = data.map((value, i) => Math.abs(value - (expected.data[i] as number)));
      expect(Math.max(...differences)).toBeLessThanOrEqual(most);
    }
  });

  it('refuses what is no picture, empty, or cut short', async () => {
    const jpeg = await (files.jpeg as () => Promise<Buffer>)();
    for (const [bytes, sentence] of [
      [Buffer.from('no picture'), /^The picture cannot be decoded: it is no picture of a kind/],
      [Buffer.alloc(0), /^The picture is empty \(0 bytes\)\./],
      [jpeg.subarray(0, 300), /^The picture cannot be decoded/],
    ] as const) {
      const { message } = await decodeThere(bytes, 'page');
      expect(message).toMatch(sentence);
    }
  });
});
