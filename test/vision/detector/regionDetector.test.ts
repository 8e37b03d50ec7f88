/** @file From a photo to the fields of its row: the parts in one line, on a tiny network of random weights. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeImage } from '../../../src/vision/decodeImage.js';
import { CAFFE_10_100, RegionDetector } from '../../../src/vision/detector/index.js';
import { publishedPath } from '../../support/published.js';
import { SMALL_DETECTOR, writeSmallDetector } from '../../support/tinyLxmert.js';

const folder = mkdtempSync(path.join(tmpdir(), 'region-detector-'));
const file = path.join(folder, 'tiny.caffemodel');
beforeAll(() => writeSmallDetector(file));
afterAll(() => rmSync(folder, { recursive: true }));

describe('a photo', () => {
  const photo = () => decodeImage(publishedPath('images', 'cut', 'coffee.jpg'));

  it('gives 36 regions within it, the same each time', async () => {
    const image = await photo();
    using detector = await RegionDetector.load(file, { architecture: SMALL_DETECTOR });
    const found = detector.detect(image);
    expect([found.numBoxes, found.height, found.width]).toEqual([36, 333, 500]);
    expect(found.features).toHaveLength(36 * 7);
    expect(found.features.every((value) => value >= 0)).toBe(true);
    // The scaled photo is 901 x 600; its last pixel is the largest coordinate, as in the published boxes.
    const scale = Math.fround(600 / 333);
    for (let i = 0; i < 36; i++) {
      const [x1, y1, x2, y2] = found.boxes.subarray(4 * i, 4 * i + 4) as unknown as number[];
      expect(x1).toBeGreaterThanOrEqual(0);
      expect(y1).toBeGreaterThanOrEqual(0);
      expect(x2).toBeLessThanOrEqual(Math.fround(900 / scale));
      expect(y2).toBeLessThanOrEqual(Math.fround(599 / scale));
      // No region is smaller than 16 pixels of the photo, counting both ends in scaled pixels.
      expect((x2! - x1!) * scale + 1).toBeGreaterThanOrEqual(16 * scale - 1e-2);
    }
    expect(detector.detect(image)).toEqual(found);
  });

  it('gives as many as the other profile allows', async () => {
    using detector = await RegionDetector.load(file, { architecture: SMALL_DETECTOR, profile: CAFFE_10_100 });
    const { numBoxes } = detector.detect(await photo());
    expect(numBoxes).toBeGreaterThanOrEqual(10);
    expect(numBoxes).toBeLessThanOrEqual(100);
  });
});
