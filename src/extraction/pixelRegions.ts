/** @file The regions of a picture from its pixels, in the form that an extraction keeps, and what its threads are told. */

import type { RgbImage } from '../common/rgbImage.js';
import { unlabelledRow } from '../inference/regionFinder.js';
import type { DetectedRegions } from '../vision/detector/index.js';
import type { ImageFile } from '../vision/imageFiles.js';
import { pixelExtractor } from '../vision/pixelExtractor.js';
import type { DescribedPicture, SkippedPicture } from './describedPicture.js';
import type { StatedBoxes } from './givenBoxes.js';

/** What decides the numbers. */
export interface PixelSettings {
  /** Regions of each picture. */
  readonly numBoxes: number;
  /** Cells of a region's grid in each direction. */
  readonly grid: number;
}

export interface PixelJob {
  readonly id: number;
  readonly image: ImageFile;
  readonly boxes: StatedBoxes | undefined;
}

export interface PixelReply {
  readonly id: number;
  readonly described: DescribedPicture | SkippedPicture;
}

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
