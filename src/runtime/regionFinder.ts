/** @file How the regions of a bare picture are found without libtorch: from pixels, or by an exported detector. */

import type { RgbImage } from '../common/rgbImage.js';
import type { FeatureRow } from '../features/portable.js';
import { pixelFinder, type RegionFinder } from '../inference/regionFinder.js';
import type { LabelNames } from '../vision/detector/labelNames.js';
import { DEFAULT_GRID, pixelFeatureSize } from '../vision/pixelFeatures.js';
import type { ModelManifest } from './manifest.js';

export interface RuntimeRegionFinder extends Omit<RegionFinder, 'find'> {
  /** What messages call it: the folder of a detector. */
  readonly name: string;
  readonly featureSize: number;
  /** Of its labels; undefined: those of the model's folder. */
  readonly names?: LabelNames | undefined;
  /** @throws LxmertError when there is no region in the picture */
  find(image: RgbImage, imageId: string): Promise<FeatureRow>;
  dispose?(): Promise<void>;
}

/** The finder that a model's manifest itself describes; undefined for a model that reads a detector's regions. */
export function finderOfManifest({ regions, createdBy }: ModelManifest): RuntimeRegionFinder | undefined {
  if (regions.pixelRegions === null) return undefined;
  const finder = pixelFinder(regions.pixelRegions, createdBy);
  return {
    ...finder,
    name: 'The regions',
    featureSize: pixelFeatureSize(regions.pixelRegions.grid ?? DEFAULT_GRID),
    find: async (image, imageId) => finder.find(image, imageId),
  };
}
