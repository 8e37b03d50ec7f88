/** @file How the regions of a bare picture are found: by the detector, or from pixels. */

import type { RgbImage } from '../common/rgbImage.js';
import type { ExtractedRegions } from '../data/regionExtractor.js';
import type { FeatureRow, Provenance } from '../features/index.js';
import type { RegionDetector } from '../vision/detector/index.js';
import { pixelExtractor } from '../vision/pixelExtractor.js';

/** The name that features from pixels carry. */
export const PIXEL_REGIONS = 'pixel regions';

/** How a model expects regions to be made from pixels; undefined when it was trained on a detector's. */
export interface PixelRegionSettings {
  readonly numBoxes: number;
  /** Cells of a region's grid in each direction. Default 8. */
  readonly grid?: number | undefined;
}

export interface RegionFinder {
  /** False where the labels of a row mean nothing. */
  readonly hasLabels: boolean;
  readonly provenance: Provenance;
  /** Throws for sides that no regions can be found in; without it, any will do. */
  readonly requireSize?: (width: number, height: number) => void;
  /** @throws LxmertError when there is no region in the picture */
  find(image: RgbImage, imageId: string): FeatureRow;
}

export function detectorFinder(detector: RegionDetector): RegionFinder {
  return {
    hasLabels: true,
    provenance: detector.provenance,
    requireSize: (width, height) => detector.requireSize(width, height),
    find: (image, imageId) => ({ imageId, ...detector.detect(image) }),
  };
}

/** What is known of the features that a model was trained on when its run says how regions were made. */
function pixelProvenance(settings: Provenance['settings'], createdBy: string): Provenance {
  return {
    detector: PIXEL_REGIONS,
    weightsSha256: null,
    settings,
    source: null,
    createdBy,
  };
}

/** @param createdBy program and version that makes them, for their provenance */
export function pixelFinder(settings: PixelRegionSettings, createdBy: string): RegionFinder {
  const { numBoxes, grid } = settings;
  const extractor = pixelExtractor({ numBoxes, ...(grid !== undefined && { grid }) });
  const { extractor: _, ...stated } = extractor.provenance;
  return {
    hasLabels: false,
    provenance: pixelProvenance(stated, createdBy),
    find: (image, imageId) => unlabelledRow(extractor.extract(image), imageId),
  };
}

/** A row of regions of which no detector said what they are: zeros stand for its labels. */
export function unlabelledRow(regions: ExtractedRegions, imageId: string): FeatureRow {
  const { numBoxes } = regions;
  return {
    ...regions,
    imageId,
    objectsId: new BigInt64Array(numBoxes),
    objectsConf: new Float32Array(numBoxes),
    attrsId: new BigInt64Array(numBoxes),
    attrsConf: new Float32Array(numBoxes),
  };
}
