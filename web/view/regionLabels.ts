/** @file Where names of regions are written on the picture: within it, and none over another. */

import { nameOf, type Seen } from './regionNames.js';

/** A name on the picture, in its pixels. */
export interface RegionLabel {
  readonly region: number;
  readonly name: string;
  readonly x: number;
  /** Of the line that letters stand on. */
  readonly y: number;
  readonly anchor: 'start' | 'end';
}

/** Width of an average letter, of a height of 1. */
const LETTER = 0.6;

/**
 * Names of regions, the first of them first: one that would lie over another is left out, since its row in the list has it.
 *
 * @param fontSize in the picture's pixels
 */
export function regionLabels(seen: Seen, named: readonly number[], fontSize: number): RegionLabel[] {
  const labels: (RegionLabel & { readonly left: number; readonly right: number })[] = [];
  for (const region of named) {
    const [x1 = 0, y1 = 0, x2 = 0] = seen.regions[region]?.box ?? [];
    const name = nameOf(seen, region);
    const length = LETTER * fontSize * name.length;
    // At the right of the picture a name ends with its box, since it would leave the picture.
    const isRight = (x1 + x2) / 2 > seen.width / 2;
    const x = isRight ? Math.min(x2, seen.width) - 0.2 * fontSize : Math.max(x1, 0) + 0.2 * fontSize;
    // Above the box where there is room for it, else inside.
    const y = y1 > 1.3 * fontSize ? y1 - 0.35 * fontSize : y1 + 1.1 * fontSize;
    const [left, right] = isRight ? [x - length, x] : [x, x + length];
    const isFree = labels.every(
      (other) => other.right < left || right < other.left || Math.abs(other.y - y) > 1.2 * fontSize,
    );
    if (isFree) labels.push({ region, name, x, y, anchor: isRight ? 'end' : 'start', left, right });
  }
  return labels;
}
