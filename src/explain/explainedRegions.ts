/** @file Regions as explanations have them. Plain values alone, for every way to compute them. */

import { describeRegion, type ImageRegion } from '../inference/imageRegions.js';

export interface ExplainedRegion {
  /** x1, y1, x2, y2 in pixels of the picture. */
  readonly box: readonly [number, number, number, number];
  /** Such as `red truck`; null for regions without labels. */
  readonly label: string | null;
  readonly objectConfidence: number | null;
  readonly attributeConfidence: number | null;
}

export function explainedRegions(regions: readonly ImageRegion[]): ExplainedRegion[] {
  return regions.map((region) => ({
    box: [region.box.x1, region.box.y1, region.box.x2, region.box.y2],
    label: describeRegion(region) ?? null,
    objectConfidence: region.object?.confidence ?? null,
    attributeConfidence: region.attribute?.confidence ?? null,
  }));
}
