/** @file Features from pixels: the numbers that stores made before have, bit by bit, and what they are averages of. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { RgbImage } from '../../src/common/rgbImage.js';
import { differenceFromBackground } from '../../src/vision/background.js';
import { pixelExtractor } from '../../src/vision/pixelExtractor.js';
import { describePixels } from '../../src/vision/pixelFeatures.js';

/** Two figures on a slope with noise, drawn with whole numbers alone so that every machine draws the same. */
function drawing(width: number, height: number): RgbImage {
  const data = new Uint8Array(width * height * 3);
  let state = 1;
  const noise = (most: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 16) % most;
  };
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const isDisc = (x - width / 4) ** 2 + (y - height / 2) ** 2 < (height / 4) ** 2;
      const isBar = 3 * x > 2 * width && 3 * y > height && x + 2 < width;
      const color = isDisc
        ? [220, 60, 70 + 3 * y]
        : isBar
          ? [20, 40 + 2 * x, 200]
          : [128 + y, 131 + y, 126 + x];
      for (const value of color) data[at++] = Math.min(255, value + noise(7));
    }
  }
  return { width, height, data };
}

/** Made by the version of 2026-11, whose features stores have. */
const { found, given } = JSON.parse(
  readFileSync(new URL('fixtures/pixelFeatures.json', import.meta.url), 'utf8'),
) as Record<'found' | 'given', { boxes: number[]; features: number[] }>;

describe('features from pixels', () => {
  const extractor = pixelExtractor({ numBoxes: 3, grid: 4 });

  it('are the same bits as ever, for regions that are found', () => {
    const { boxes, features } = extractor.extract(drawing(31, 22));
    expect([...boxes]).toEqual(found.boxes);
    expect(features).toEqual(Float32Array.from(found.features));
  });

  it('are the same bits as ever, for given boxes in a picture that is made smaller', () => {
    const { features } = extractor.describe(drawing(1290, 7), Float32Array.from(given.boxes));
    expect(features).toEqual(Float32Array.from(given.features));
  });

  it('are those of the border for a box that passes it by a rounding, and none for one that leaves the picture', () => {
    const image = drawing(310, 220);
    const of = (...box: number[]) => extractor.describe(image, Float32Array.from(box)).features;
    expect(of(-0.001, -0.001, 310.001, 220.001)).toEqual(of(0, 0, 310, 220));
    expect(of(0, 0, 310, 220).every((value) => value >= 0)).toBe(true);
    for (const box of [
      [-5, 0, 20, 20],
      [0, 0, 20, 230],
      [0, 0, 20, Number.NaN],
    ])
      expect(() => of(...box)).toThrow(/box 0 \(.*\) leaves the image, which is 310 x 220 pixels/);
  });

  it('are averages of the colors of what stands out, weighted by the part of each pixel in a cell', () => {
    const image = drawing(31, 22);
    const difference = differenceFromBackground(image);
    const [x1, y1, x2, y2] = [2.25, 1.5, 27.75, 20];
    const features = describePixels(image, [[x1, y1, x2, y2]], difference, 4);
    const within = (from: number, to: number, pixel: number): number =>
      Math.max(0, Math.min(to, pixel + 1) - Math.max(from, pixel));
    for (let cell = 0; cell < 16; cell++) {
      const [width, height] = [(x2 - x1) / 4, (y2 - y1) / 4];
      const [left, top] = [x1 + (cell % 4) * width, y1 + (cell >> 2) * height];
      const sums = [0, 0, 0];
      for (const [pixel, stands] of difference.entries()) {
        const column = pixel % image.width;
        const share =
          within(left, left + width, column) * within(top, top + height, (pixel - column) / image.width);
        for (const c of [0, 1, 2]) {
          const value = (Math.min(1, stands / 60) * (image.data[3 * pixel + c] as number)) / 255;
          sums[c] = (sums[c] as number) + (share * value) / (width * height);
        }
      }
      // The channels stand behind 12 hues and 4 greys.
      for (const c of [0, 1, 2]) expect(features[32 * cell + 16 + c]).toBeCloseTo(sums[c] as number, 6);
    }
  });
});
