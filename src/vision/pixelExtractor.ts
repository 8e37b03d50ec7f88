/** @file Regions and features of a picture from its pixels alone: the sample world's stand-in for a detector. */

import { LxmertError } from '../common/errors.js';
import type { RgbImage } from '../common/rgbImage.js';
import type { ExtractedRegions, RegionExtractor } from '../data/regionExtractor.js';
import { differenceFromBackground } from './background.js';
import { describePixels, PIXEL_FEATURE_SIZE } from './pixelFeatures.js';
import { proposeRegions } from './pixelRegions.js';

/** Raise when the numbers for a picture change, so that stores made before are told from those made after. */
const VERSION = 2;
/** Larger pictures are made smaller first: the maps of one pixel take 384 bytes. */
const MAX_SIDE = 640;

export interface PixelExtractorOptions {
  /** Regions per picture. Default 36. */
  readonly numBoxes?: number;
}

/**
 * An extractor of `numBoxes` regions with 2048 non-negative numbers each. It knows nothing of labels: equal
 * pixels give equal features.
 */
export function pixelExtractor(options: PixelExtractorOptions = {}): RegionExtractor {
  const numBoxes = options.numBoxes ?? 36;
  return {
    provenance: { extractor: 'pixel regions', version: VERSION, numBoxes },
    featureSize: PIXEL_FEATURE_SIZE,
    extract: (image) => extract(image, numBoxes),
  };
}

function extract(image: RgbImage, numBoxes: number): ExtractedRegions {
  const { width, height } = image;
  if (width < 1 || height < 1 || image.data.length !== width * height * 3) {
    throw new LxmertError(
      `A picture of ${width} x ${height} pixels must have ${width * height * 3} bytes of RGB; it has ${image.data.length}.`,
    );
  }
  const factor = Math.ceil(Math.max(width, height) / MAX_SIDE);
  const working = factor > 1 ? shrink(image, factor) : image;
  const difference = differenceFromBackground(working);
  const boxes = proposeRegions(working, numBoxes, difference);
  return {
    width,
    height,
    numBoxes,
    boxes: Float32Array.from(boxes.flat(), (value, i) =>
      Math.min(value * factor, i % 2 === 0 ? width : height),
    ),
    features: describePixels(working, boxes, difference),
  };
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
