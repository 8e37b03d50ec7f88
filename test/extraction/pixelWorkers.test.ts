/** @file Regions from pixels in threads: the numbers of one thread, in the order asked, and what is said of faults. */

import { statSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { RgbImage } from '../../src/common/rgbImage.js';
import { extractFeatures } from '../../src/extraction/extract.js';
import type { StatedBoxes } from '../../src/extraction/givenBoxes.js';
import { describeFromPixels } from '../../src/extraction/pixelRegions.js';
import { PixelWorkers } from '../../src/extraction/pixelWorkers.js';
import { PIXEL_CORNERS } from '../../src/features/files.js';
import { openShards } from '../../src/features/storeFiles.js';
import { sha256OfFile } from '../../src/formats/hashes/sha256.js';
import { pixelFinder } from '../../src/inference/regionFinder.js';
import type { ImageFile } from '../../src/vision/imageFiles.js';
import { needing } from '../support/skips.js';
import { imagesIn, paintFolder, rowsOf, temporaryFolder } from './pictures.js';

const folder = temporaryFolder('pixel-workers');
const program = pathToFileURL('dist/src/extraction/pixelProgram.js');
const settings = { numBoxes: 5, grid: 8 };

/** A dark square, `at` pixels from the left, on a light ground. */
function square(at: number): RgbImage {
  const [width, height] = [40, 30];
  const data = new Uint8Array(width * height * 3).fill(220);
  for (let y = 10; y < 20; y++) data.fill(30, (y * width + at) * 3, (y * width + at + 10) * 3);
  return { width, height, data };
}

/** The square as a file. */
async function squareFile(at: number): Promise<ImageFile> {
  const { width, height, data } = square(at);
  const file = `${folder}/square-${at}.png`;
  await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toFile(file);
  return { id: `square-${at}`, file };
}

/** Boxes in pixels, as from a file. */
function boxesOf(...values: number[]): StatedBoxes {
  return { file: 'boxes.jsonl', form: PIXEL_CORNERS, values: Float32Array.from(values) };
}

describe('regions from pixels for an extraction', () => {
  it('are those that a model finds in a picture by itself, with what its file is', async () => {
    using workers = new PixelWorkers(settings, 1);
    const { imageId: _, ...expected } = pixelFinder(settings, 'test').find(square(12), '');
    const image = await squareFile(12);
    expect(await workers.describe(image)).toEqual({
      image,
      picture: {
        sha256: await sha256OfFile(image.file),
        numBytes: statSync(image.file).size,
        modified: statSync(image.file).mtimeMs,
      },
      regions: expected,
    });
    expect(workers.provenance).toMatchObject({
      detector: 'pixel regions',
      settings: { version: 2, numBoxes: 5, labels: 'none' },
    });
  });

  it('have 32 numbers for each cell of the grid, whose averages a finer grid keeps', () => {
    const [few, many] = [4, 8].map(
      (grid) => describeFromPixels(square(3), { numBoxes: 3, grid }).features,
    ) as [Float32Array, Float32Array];
    expect(few).toHaveLength(3 * 16 * 32);
    expect(many).toHaveLength(3 * 64 * 32);
    // Of each region the first map's mean; a cell of 4 x 4 is four of 8 x 8.
    for (let map = 0; map < 31; map++) {
      for (let box = 0; box < 3; box++) {
        const mean = (values: Float32Array, cells: number): number =>
          Array.from(
            { length: cells },
            (_, cell) => values[(box * cells + cell) * 32 + map] as number,
          ).reduce((sum, value) => sum + value / cells, 0);
        expect(mean(few, 16)).toBeCloseTo(mean(many, 64), 5);
      }
    }
    expect(() => new PixelWorkers({ numBoxes: 3, grid: 17 }, 1)).toThrow(/4 to 16 a side; it has 17/);
  });

  it('describe given boxes as they describe found ones', () => {
    const found = describeFromPixels(square(20), settings);
    expect(describeFromPixels(square(20), settings, found.boxes)).toEqual(found);
    expect(() => describeFromPixels(square(20), settings, Float32Array.of(4, 4, 4, 9))).toThrow(
      'Box 0 (4, 4, 4, 9) has no area',
    );
  });

  it('are passed over, with the reason, for what is no picture and for boxes outside it', async () => {
    using workers = new PixelWorkers(settings, 1);
    writeFileSync(`${folder}/text.png`, 'no picture');
    const reasonOf = async (image: ImageFile, boxes?: StatedBoxes): Promise<unknown> => {
      const described = await workers.describe(image, boxes);
      return 'reason' in described ? described.reason : described;
    };
    expect(await reasonOf({ id: 'text', file: `${folder}/text.png` })).toContain('text.png');
    expect(await reasonOf({ id: 'none', file: `${folder}/none.png` })).toContain('There is no picture at');
    expect(await reasonOf(await squareFile(2), boxesOf(0, 0, 41, 9))).toContain('In boxes.jsonl, box 0');
  });
});

needing('program').describe('regions from pixels in threads', () => {
  it('are the same numbers as in one', async () => {
    using threads = new PixelWorkers(settings, 2, program);
    using one = new PixelWorkers(settings, 1);
    const pictures = await Promise.all(Array.from({ length: 9 }, (_, i) => squareFile(3 * i)));
    const described = await Promise.all(pictures.map((picture) => threads.describe(picture)));
    for (const [i, picture] of pictures.entries()) expect(described[i]).toEqual(await one.describe(picture));
    const [first] = pictures as [ImageFile];
    expect(await threads.describe(first, boxesOf(1, 1, 1, 9))).toEqual({
      image: first,
      reason: expect.stringContaining('has no area'),
    });
  });

  it('are lost with an error when a thread is', async () => {
    const dying = new URL(`data:text/javascript,process.exit(3)`);
    using threads = new PixelWorkers(settings, 2, dying);
    await expect(threads.describe({ id: 'a', file: 'a.png' })).rejects.toThrow('ended with code 3');
  });

  it('fill a store, in the order of the pictures, which is added to by the same settings alone', async () => {
    const photos = await paintFolder(`${folder}/photos`, 7);
    const images = await imagesIn(photos);
    const out = `${folder}/store`;
    using threads = new PixelWorkers(settings, 2, program);
    const result = await extractFeatures({ images, detector: threads, out });
    expect(result).toMatchObject({ isComplete: true, numImages: 7, numShort: 0, skipped: [] });
    expect([...(await rowsOf(out)).keys()]).toEqual(images.map(({ id }) => id));
    expect(openShards(out)[0]?.metadata.provenance).toMatchObject(threads.provenance);
    expect((await extractFeatures({ images, detector: threads, out })).numExtracted).toBe(0);
    using others = new PixelWorkers({ numBoxes: 6, grid: 8 }, 1);
    await expect(extractFeatures({ images, detector: others, out })).rejects.toThrow(
      'numBoxes 5, here it is 6',
    );
  });
});
