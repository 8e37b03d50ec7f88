/** @file What every maker of region features gives for one picture, whether a detector or plain pixels. */

import type { RgbImage } from '../common/rgbImage.js';

/** The regions of one picture. */
export interface ExtractedRegions {
  /** Size of the picture in pixels. */
  readonly width: number;
  readonly height: number;
  readonly numBoxes: number;
  /** (numBoxes, 4): x1, y1, x2, y2 in pixels of the picture. */
  readonly boxes: Float32Array;
  /** (numBoxes, featureSize). */
  readonly features: Float32Array;
}

/** Finds the regions of a picture and describes each by a row of numbers, from its pixels alone. */
export interface RegionExtractor {
  /** Name and settings; features made under different provenance must not be mixed. */
  readonly provenance: Readonly<Record<string, string | number>>;
  readonly featureSize: number;
  extract(image: RgbImage): ExtractedRegions;
}
