/** @file The boxes around a cell that the region proposal network starts from, as Caffe's code makes them. */

import type { AnchorSettings } from '../architecture.js';

/**
 * The anchors around cell (0, 0), number = ratio index x scales + scale index. Sides are rounded to whole numbers
 * at the base size (x.5 goes to the even neighbour) and then multiplied by the scale, as Caffe's code does; the table
 * in its comment is off by one.
 *
 * @returns (numAnchors, 4): x1, y1, x2, y2
 */
export function caffeAnchors({ stride, ratios, scales }: AnchorSettings): Float32Array {
  const centre = (stride - 1) / 2;
  const boxes: number[] = [];
  for (const ratio of ratios) {
    const width = roundHalfEven(Math.sqrt((stride * stride) / ratio));
    const height = roundHalfEven(width * ratio);
    for (const scale of scales) {
      const x = (width * scale - 1) / 2;
      const y = (height * scale - 1) / 2;
      boxes.push(centre - x, centre - y, centre + x, centre + y);
    }
  }
  return Float32Array.from(boxes);
}

function roundHalfEven(value: number): number {
  const rounded = Math.round(value);
  return Math.abs(value % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
