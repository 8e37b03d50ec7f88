/** @file The regions of a picture from its pixels, in the form that an extraction keeps, and what its threads are told. */

import type { RgbImage } from '../common/rgbImage.js';
import { unlabelledRow } from '../inference/regionFinder.js';
import type { DetectedRegions } from '../vision/detector/index.js';
import { pixelExtractor } from '../vision/pixelExtractor.js';

/** What decides the numbers. */
export interface PixelSettings {
  /** Regions of each picture. */
  readonly numBoxes: number;
  /** Cells of a region's grid in each direction. */
  readonly grid: number;
}

export interface PixelJob {
  readonly id: number;
  readonly image: RgbImage;
  readonly boxes: Float32Array | undefined;
}

/** The regions; or what is wrong with the picture, as a sentence. */
export type PixelReply =
  | { readonly id: number; readonly regions: DetectedRegions }
  | { readonly id: number; readonly problem: string };

/**
 * @param boxes (n, 4) in pixels, where they are given
 * @throws LxmertError for a box without an area
 */
export function describeFromPixels(
  image: RgbImage,
  settings: PixelSettings,
  boxes?: Float32Array,
): DetectedRegions {
  const extractor = pixelExtractor(settings);
  const regions = boxes === undefined ? extractor.extract(image) : extractor.describe(image, boxes);
  const { imageId: _, ...fields } = unlabelledRow(regions, '');
  return fields;
}
