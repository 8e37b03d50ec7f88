/** @file What is drawn before a question was asked, and the names of a bundled scene's regions. */

import { intersectionOverUnion, MIN_OVERLAP } from '../../src/data/sampleWorld/labelRegions.js';
import type { ExplainedRegion } from '../../src/explain/explainedRegions.js';
import type { RegionsResponse } from '../../src/serve/api.js';

/** The server's regions as explanations have them. */
export function explainedRegions({ regions }: RegionsResponse): ExplainedRegion[] {
  return regions.map(({ box, object, attribute }) => ({
    box,
    label: labelOf(object, attribute),
    objectConfidence: object?.confidence ?? null,
    attributeConfidence: attribute?.confidence ?? null,
  }));
}

/** What is known of a picture that comes with the page. */
export interface KnownPicture {
  readonly name: string;
  readonly questions: readonly { readonly question: string; readonly expected: readonly string[] }[];
  readonly objects: readonly { readonly name: string; readonly box: readonly number[] }[];
  /** Name of the store or file of features that has its regions, where they were found beforehand. */
  readonly store: string | null;
}

/** Whether it is a scene of the sample world, and not a photo. */
export function isDrawn(picture: KnownPicture | undefined): boolean {
  return picture !== undefined && picture.objects.length > 0;
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
  sample: Pick<KnownPicture, 'objects'> | undefined,
): R[] {
  if (sample === undefined) return [...regions];
  return regions.map((region) => {
    if (region.label !== null) return region;
    const overlaps = sample.objects.map(({ name, box }) => ({
      name,
      overlap: intersectionOverUnion(region.box, box),
    }));
    const [best] = overlaps.sort((a, b) => b.overlap - a.overlap);
    return best !== undefined && best.overlap >= MIN_OVERLAP ? { ...region, label: best.name } : region;
  });
}
