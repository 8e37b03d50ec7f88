/** @file The boxes that the region proposal network starts from. */

import type { AnchorSettings } from './architecture.js';

/**
 * The anchors around cell (0, 0), number = ratio index x scales + scale index. Sides are rounded to whole numbers
 * at the base size (x.5 goes to the even neighbour) and then multiplied by the scale, as Caffe's code does; the table
 * in its comment is off by one.
 *
 * @returns (numAnchors, 4): x1, y1, x2, y2
 */
export function baseAnchors({ stride, ratios, scales }: AnchorSettings): Float32Array {
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

/**
 * The anchors of every cell of a map: y slowest, then x, then the anchor's number. (height, width, numAnchors, 4)
 *
 * @param base those around cell (0, 0), (numAnchors, 4)
 */
export function anchorGrid(
  settings: AnchorSettings,
  height: number,
  width: number,
  base: Float32Array = baseAnchors(settings),
): Float32Array {
  const grid = new Float32Array(height * width * base.length);
  let target = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let i = 0; i < base.length; i++, target++) {
        grid[target] = (base[i] as number) + (i % 2 === 0 ? x : y) * settings.stride;
      }
    }
  }
  return grid;
}

function roundHalfEven(value: number): number {
  const rounded = Math.round(value);
  return Math.abs(value % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
