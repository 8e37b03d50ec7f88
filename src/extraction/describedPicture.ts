/** @file What became of a picture: its regions, or why there are none. */

import type { DetectedRegions } from '../vision/detector/index.js';
import type { ImageFile } from '../vision/imageFiles.js';
import type { PictureFile } from './contentHash.js';

/** A picture that has been described already. */
export interface DescribedPicture {
  readonly image: ImageFile;
  readonly picture: PictureFile;
  readonly regions: DetectedRegions;
}

/** A picture that cannot be read, and the sentence that says why. */
export interface SkippedPicture {
  readonly image: ImageFile;
  readonly reason: string;
}
