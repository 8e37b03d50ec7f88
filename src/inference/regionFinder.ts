/** @file How the regions of a bare picture are found: by the detector, or from pixels as in the sample world. */

import type { RgbImage } from '../common/rgbImage.js';
import type { FeatureRow } from '../features/row.js';
import type { RegionDetector } from '../vision/detector/index.js';
import { pixelExtractor } from '../vision/pixelExtractor.js';

/** How a model expects regions to be made from pixels; undefined when it was trained on a detector's. */
export interface PixelRegionSettings {
  readonly numBoxes: number;
}

export interface RegionFinder {
  /** False where the labels of a row mean nothing. */
  readonly hasLabels: boolean;
  /** @throws LxmertError when there is no region in the picture */
  find(image: RgbImage, imageId: string): FeatureRow;
}

export function detectorFinder(detector: RegionDetector): RegionFinder {
  return {
    hasLabels: true,
    find: (image, imageId) => ({ imageId, ...detector.detect(image) }),
  };
}

export function pixelFinder(settings: PixelRegionSettings): RegionFinder {
  const extractor = pixelExtractor(settings);
  return {
    hasLabels: false,
    find(image, imageId) {
      const regions = extractor.extract(image);
      const { numBoxes } = regions;
      return {
        ...regions,
        imageId,
        objectsId: new BigInt64Array(numBoxes),
        objectsConf: new Float32Array(numBoxes),
        attrsId: new BigInt64Array(numBoxes),
        attrsConf: new Float32Array(numBoxes),
      };
    },
  };
}
