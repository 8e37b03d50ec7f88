/** @file What is drawn before a question was asked, and the names of a bundled scene's regions. */

import type { ExplainedRegion } from '../../src/explain/explanation.js';
import type { RegionsResponse, SampleResponse } from '../../src/serve/api.js';

type Box = readonly number[];

/** A region covers an object when they overlap by at least this much, as in the sample world itself. */
const MIN_OVERLAP = 0.5;

/** The server's regions as explanations have them. */
export function explainedRegions({ regions }: RegionsResponse): ExplainedRegion[] {
  return regions.map(({ box, object, attribute }) => ({
    box,
    label: labelOf(object, attribute),
    objectConfidence: object?.confidence ?? null,
    attributeConfidence: attribute?.confidence ?? null,
  }));
}

type Label = RegionsResponse['regions'][number]['object'];

function labelOf(object: Label, attribute: Label): string | null {
  if (object === null || attribute === null) return null;
  if (object.name === null) return `object ${object.id}, attribute ${attribute.id}`;
  return attribute.name === null ? object.name : `${attribute.name} ${object.name}`;
}

/**
 * Regions of a bundled scene under the names of what was drawn there. No detector found these names, and the model
 * is not told of them.
 */
export function withSampleNames<R extends ExplainedRegion>(
  regions: readonly R[],
  sample: SampleResponse | undefined,
): R[] {
  if (sample === undefined) return [...regions];
  return regions.map((region) => {
    if (region.label !== null) return region;
    const overlaps = sample.objects.map(({ name, box }) => ({ name, overlap: overlap(region.box, box) }));
    const [best] = overlaps.sort((a, b) => b.overlap - a.overlap);
    return best !== undefined && best.overlap >= MIN_OVERLAP ? { ...region, label: best.name } : region;
  });
}

/** Shared area over joint area. */
function overlap(a: Box, b: Box): number {
  const [ax1 = 0, ay1 = 0, ax2 = 0, ay2 = 0] = a;
  const [bx1 = 0, by1 = 0, bx2 = 0, by2 = 0] = b;
  const width = Math.min(ax2, bx2) - Math.max(ax1, bx1);
  const height = Math.min(ay2, by2) - Math.max(ay1, by1);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / ((ax2 - ax1) * (ay2 - ay1) + (bx2 - bx1) * (by2 - by1) - shared);
}
