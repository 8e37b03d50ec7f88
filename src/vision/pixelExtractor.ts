/** @file Regions and features of a picture from its pixels alone: what stands in for a detector where there is none. */

import { LxmertError, UsageError } from '../common/errors.js';
import type { RgbImage } from '../common/rgbImage.js';
import type { ExtractedRegions, RegionExtractor } from '../data/regionExtractor.js';
import { findBoxProblem } from '../features/portable.js';
import { differenceFromBackground } from './background.js';
import { DEFAULT_GRID, describePixels, MAX_GRID, MIN_GRID, pixelFeatureSize } from './pixelFeatures.js';
import { type PixelBox, proposeRegions } from './pixelRegions.js';

/** Raise when the numbers for a picture change, so that stores made before are told from those made after. */
const VERSION = 2;
/** Larger pictures are made smaller first: their time grows with their pixels, and features need no finer ones. */
const MAX_SIDE = 640;

export interface PixelExtractorOptions {
  /** Regions per picture. Default 36. */
  readonly numBoxes?: number;
  /** Cells of a region's grid in each direction, 4 to 16: the more, the finer what is seen in it. Default 8. */
  readonly grid?: number;
}

/** Finds regions, and describes given ones. */
export interface PixelExtractor extends RegionExtractor {
  /**
   * The same numbers for boxes that are given, (n, 4) in pixels of the picture, in their order.
   *
   * @throws LxmertError for a box without an area, and for one that leaves the picture by more than rounding does
   */
  describe(image: RgbImage, boxes: Float32Array): ExtractedRegions;
}

/**
 * An extractor of `numBoxes` regions with 32 non-negative numbers for each cell of their grid, 2048 for one of 8 x 8. It
 * knows nothing of labels: equal pixels give equal features.
 *
 * @throws UsageError for a grid of other than 4 to 16 cells a side
 */
export function pixelExtractor(options: PixelExtractorOptions = {}): PixelExtractor {
  const { numBoxes = 36, grid = DEFAULT_GRID } = options;
  if (!Number.isInteger(grid) || grid < MIN_GRID || grid > MAX_GRID) {
    throw new UsageError(
      `The grid of a region must have a whole number of cells from ${MIN_GRID} to ${MAX_GRID} a side; it has ${grid}.`,
    );
  }
  return {
    provenance: {
      extractor: 'pixel regions',
      version: VERSION,
      numBoxes,
      // Stores that say nothing of it have the usual one.
      ...(grid !== DEFAULT_GRID && { grid }),
    },
    featureSize: pixelFeatureSize(grid),
    extract: (image) =>
      extract(image, grid, (working, difference) => proposeRegions(working, numBoxes, difference)),
    describe: (image, boxes) => ({
      ...extract(image, grid, (_, __, factor) => givenBoxes(image, boxes, factor)),
      boxes,
    }),
  };
}

type Propose = (working: RgbImage, difference: Float32Array, factor: number) => readonly PixelBox[];

function extract(image: RgbImage, grid: number, propose: Propose): ExtractedRegions {
  const { width, height } = image;
  if (width < 1 || height < 1 || image.data.length !== width * height * 3) {
    throw new LxmertError(
      `A picture of ${width} x ${height} pixels must have ${width * height * 3} bytes of RGB; it has ${image.data.length}.`,
    );
  }
  const factor = Math.ceil(Math.max(width, height) / MAX_SIDE);
  const working = factor > 1 ? shrink(image, factor) : image;
  const difference = differenceFromBackground(working);
  const boxes = propose(working, difference, factor);
  return {
    width,
    height,
    numBoxes: boxes.length,
    boxes: Float32Array.from(boxes.flat(), (value, i) =>
      Math.min(value * factor, i % 2 === 0 ? width : height),
    ),
    features: describePixels(working, boxes, difference, grid),
  };
}

/** @param factor by which the picture was made smaller */
function givenBoxes({ width, height }: RgbImage, boxes: Float32Array, factor: number): PixelBox[] {
  const problem = findBoxProblem(boxes, boxes.length / 4, width, height);
  if (problem !== undefined) throw new LxmertError(`The boxes cannot be described: ${problem}`);
  const within = (value: number, side: number): number => Math.max(0, Math.min(value, side));
  return Array.from({ length: boxes.length / 4 }, (_, i) => {
    const given = boxes.subarray(4 * i, 4 * i + 4) as unknown as PixelBox;
    const [x1, x2] = [within(given[0], width), within(given[2], width)];
    const [y1, y2] = [within(given[1], height), within(given[3], height)];
    if (!(x2 > x1 && y2 > y1)) {
      throw new LxmertError(
        `Box ${i} (${x1}, ${y1}, ${x2}, ${y2}) has no area, so there are no pixels to describe it by.`,
      );
    }
    return [x1 / factor, y1 / factor, x2 / factor, y2 / factor];
  });
}

/** Averages blocks of `factor` x `factor` pixels; a last, narrower block averages what it has. */
function shrink({ width, height, data }: RgbImage, factor: number): RgbImage {
  const newWidth = Math.ceil(width / factor);
  const newHeight = Math.ceil(height / factor);
  const small = new Uint8Array(newWidth * newHeight * 3);
  for (let y = 0, target = 0; y < newHeight; y++) {
    const yEnd = Math.min(height, (y + 1) * factor);
    for (let x = 0; x < newWidth; x++) {
      const xEnd = Math.min(width, (x + 1) * factor);
      const count = (yEnd - y * factor) * (xEnd - x * factor);
      for (let c = 0; c < 3; c++, target++) {
        let sum = 0;
        for (let sy = y * factor; sy < yEnd; sy++) {
          for (let sx = x * factor; sx < xEnd; sx++) sum += data[(sy * width + sx) * 3 + c] as number;
        }
        small[target] = Math.round(sum / count);
      }
    }
  }
  return { width: newWidth, height: newHeight, data: small };
}
