/** @file The regions of a picture from its pixels, in the form that an extraction keeps. */

import type { RgbImage } from '../common/rgbImage.js';
import { unlabelledRow } from '../inference/regionFinder.js';
import type { DetectedRegions } from '../vision/detector/index.js';
import { pixelExtractor } from '../vision/pixelExtractor.js';
import type { PixelSettings } from './pixelWorkers.js';

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
