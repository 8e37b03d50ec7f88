/** @file Regions from pixels in threads: the numbers of one thread, in the order asked, and what is said of faults. */

import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { RgbImage } from '../../src/common/rgbImage.js';
import { extractFeatures } from '../../src/extraction/extract.js';
import { PixelWorkers } from '../../src/extraction/pixelWorkers.js';
import { openShards } from '../../src/features/storeFiles.js';
import { pixelFinder } from '../../src/inference/regionFinder.js';
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

describe('regions from pixels for an extraction', () => {
  it('are those that a model finds in a picture by itself', async () => {
    using workers = new PixelWorkers(settings, 1);
    const { imageId: _, ...expected } = pixelFinder(settings, 'test').find(square(12), '');
    expect(await workers.describe(square(12))).toEqual(expected);
    expect(workers.provenance).toMatchObject({
      detector: 'pixel regions',
      settings: { version: 2, numBoxes: 5, labels: 'none' },
    });
  });

  it('have 32 numbers for each cell of the grid, whose averages a finer grid keeps', async () => {
    using coarse = new PixelWorkers({ numBoxes: 3, grid: 4 }, 1);
    using fine = new PixelWorkers({ numBoxes: 3, grid: 8 }, 1);
    const [few, many] = [await coarse.describe(square(3)), await fine.describe(square(3))];
    expect(few.features).toHaveLength(3 * 16 * 32);
    expect(many.features).toHaveLength(3 * 64 * 32);
    // Of each region the first map's mean; a cell of 4 x 4 is four of 8 x 8.
    for (let map = 0; map < 31; map++) {
      for (let box = 0; box < 3; box++) {
        const mean = (values: Float32Array, cells: number): number =>
          Array.from(
            { length: cells },
            (_, cell) => values[(box * cells + cell) * 32 + map] as number,
          ).reduce((sum, value) => sum + value / cells, 0);
        expect(mean(few.features, 16)).toBeCloseTo(mean(many.features, 64), 5);
      }
    }
    expect(() => new PixelWorkers({ numBoxes: 3, grid: 17 }, 1)).toThrow(/4 to 16 a side; it has 17/);
  });

  it('describe given boxes as they describe found ones', async () => {
    using workers = new PixelWorkers(settings, 1);
    const found = await workers.describe(square(20));
    const given = await workers.describe(square(20), found.boxes);
    expect(given).toEqual(found);
    await expect(workers.describe(square(20), Float32Array.of(4, 4, 4, 9))).rejects.toThrow(
      'Box 0 (4, 4, 4, 9) has no area',
    );
  });
});

needing('program').describe('regions from pixels in threads', () => {
  it('are the same numbers as in one', async () => {
    using threads = new PixelWorkers(settings, 2, program);
    using one = new PixelWorkers(settings, 1);
    const pictures = Array.from({ length: 9 }, (_, i) => square(3 * i));
    const described = await Promise.all(pictures.map((picture) => threads.describe(picture)));
    for (const [i, picture] of pictures.entries()) expect(described[i]).toEqual(await one.describe(picture));
    await expect(threads.describe(square(0), Float32Array.of(1, 1, 0, 9))).rejects.toThrow('has no area');
  });

  it('are lost with an error when a thread is', async () => {
    const dying = new URL(`data:text/javascript,process.exit(3)`);
    using threads = new PixelWorkers(settings, 2, dying);
    await expect(threads.describe(square(0))).rejects.toThrow('ended with code 3');
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
