/** @file The regions of an image, with names, and the features that questions are answered from. */

import { type FeatureRow, labelsOf, type Provenance } from '../features/portable.js';
import type { LabelNames } from '../vision/detector/labelNames.js';

/** One of the detector's labels for a region. */
export interface RegionLabel {
  /** Class number, from 0. */
  readonly id: number;
  /** Undefined when no vocabulary file is at hand. */
  readonly name: string | undefined;
  /** The detector's probability. */
  readonly confidence: number;
}

export interface ImageRegion {
  /** In pixels of the picture. */
  readonly box: { readonly x1: number; readonly y1: number; readonly x2: number; readonly y2: number };
  /** Null for regions that no detector found. */
  readonly object: RegionLabel | null;
  readonly attribute: RegionLabel | null;
}

/** The regions of a picture, and the row that the model reads; any number of questions can be asked about them. */
export interface ImageRegions {
  /** Of the picture, in pixels. */
  readonly width: number;
  readonly height: number;
  readonly regions: readonly ImageRegion[];
  /** What the model reads. */
  readonly row: FeatureRow;
  /** What made it; undefined when nothing says. */
  readonly provenance: Provenance | undefined;
}

/** @throws LxmertError for a label beyond the names' file */
export function imageRegionsFrom(
  row: FeatureRow,
  {
    hasLabels,
    names,
    provenance,
  }: { hasLabels: boolean; names: LabelNames; provenance: Provenance | undefined },
): ImageRegions {
  const labels = provenance === undefined ? 'all' : labelsOf(provenance);
  const regions = Array.from({ length: row.numBoxes }, (_, i): ImageRegion => {
    const [x1, y1, x2, y2] = row.boxes.subarray(4 * i, 4 * i + 4) as unknown as [
      number,
      number,
      number,
      number,
    ];
    const [object, attribute] = [Number(row.objectsId[i]), Number(row.attrsId[i])];
    return {
      box: { x1, y1, x2, y2 },
      object:
        hasLabels && labels !== 'none'
          ? { id: object, name: names.object(object), confidence: row.objectsConf[i] as number }
          : null,
      attribute:
        hasLabels && labels === 'all'
          ? { id: attribute, name: names.attribute(attribute), confidence: row.attrsConf[i] as number }
          : null,
    };
  });
  return { width: row.width, height: row.height, regions, row, provenance };
}

/** `red truck`, or `attribute 5, object 41` where names are not known; undefined for a region without labels. */
export function describeRegion({ object, attribute }: ImageRegion): string | undefined {
  if (object === null) return undefined;
  if (attribute === null) return object.name ?? `object ${object.id}`;
  if (object.name === undefined) return `object ${object.id}, attribute ${attribute.id}`;
  return attribute.name === undefined ? object.name : `${attribute.name} ${object.name}`;
}
