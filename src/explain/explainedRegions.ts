/** @file Regions as explanations have them. Plain values alone, for every way to compute them. */

import { describeRegion, type ImageRegion } from '../inference/imageRegions.js';
import type { ExplainedRegion } from './explanation.js';

export function explainedRegions(regions: readonly ImageRegion[]): ExplainedRegion[] {
  return regions.map((region) => ({
    box: [region.box.x1, region.box.y1, region.box.x2, region.box.y2],
    label: describeRegion(region) ?? null,
    objectConfidence: region.object?.confidence ?? null,
    attributeConfidence: region.attribute?.confidence ?? null,
  }));
}
