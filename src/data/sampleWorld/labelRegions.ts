/** @file Object and attribute labels of found regions, by how well they cover the objects that were drawn. */

import type { ExtractedRegions } from '../regionExtractor.js';
import { SAMPLE_COLORS, SAMPLE_SHAPES } from './palette.js';
import type { Scene, SceneObject } from './scene.js';

/** Class 0 is background; shapes and colors follow in the palette's order. */
const ATTRIBUTE_CLASSES: readonly string[] = ['none', ...SAMPLE_COLORS.map((color) => color.name)];

/** A region that overlaps an object by less than this is background (the detector's own rule for its training). */
export const MIN_OVERLAP = 0.5;

export interface RegionLabels {
  readonly objectsId: BigInt64Array;
  readonly objectsConf: Float32Array;
  readonly attrsId: BigInt64Array;
  readonly attrsConf: Float32Array;
}

/** Labels each region with the object it overlaps most; the confidence is the overlap. */
export function labelRegions(scene: Scene, regions: ExtractedRegions): RegionLabels {
  const { numBoxes, boxes } = regions;
  const labels: RegionLabels = {
    objectsId: new BigInt64Array(numBoxes),
    objectsConf: new Float32Array(numBoxes),
    attrsId: new BigInt64Array(numBoxes),
    attrsConf: new Float32Array(numBoxes),
  };
  for (let i = 0; i < numBoxes; i++) {
    const box = boxes.subarray(4 * i, 4 * i + 4);
    let best: SceneObject | undefined;
    let overlap = 0;
    for (const object of scene.objects) {
      const share = intersectionOverUnion(box, object.box);
      if (share > overlap) [best, overlap] = [object, share];
    }
    const isObject = best !== undefined && overlap >= MIN_OVERLAP;
    labels.objectsId[i] = BigInt(isObject ? 1 + SAMPLE_SHAPES.indexOf((best as SceneObject).shape) : 0);
    labels.attrsId[i] = BigInt(isObject ? ATTRIBUTE_CLASSES.indexOf((best as SceneObject).color) : 0);
    labels.objectsConf[i] = isObject ? overlap : 1 - overlap;
    labels.attrsConf[i] = isObject ? overlap : 1 - overlap;
  }
  return labels;
}

/** Shared area over joint area of two boxes. */
export function intersectionOverUnion(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const area = (box: ArrayLike<number>): number => (box[2]! - box[0]!) * (box[3]! - box[1]!);
  const width = Math.min(a[2]!, b[2]!) - Math.max(a[0]!, b[0]!);
  const height = Math.min(a[3]!, b[3]!) - Math.max(a[1]!, b[1]!);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / (area(a) + area(b) - shared);
}
