/** @file Regions found from the pixels alone: what stands out from the background, then a pyramid of windows. */

import { UsageError } from '../common/errors.js';
import type { RgbImage } from '../common/rgbImage.js';
import { differenceFromBackground } from './background.js';

/** A pixel whose largest channel difference from the background exceeds this (of 255) stands out. */
const FOREGROUND_DIFFERENCE = 34;
/** Smaller specks, as a share of the picture, are noise. */
const MIN_AREA_SHARE = 0.0008;
/** Pixels added around a found outline, so that the region shows its edge. */
const MARGIN = 1;

/** A region: x1, y1, x2, y2 in pixels; x2 and y2 are exclusive. */
export type PixelBox = readonly [number, number, number, number];

/**
 * Exactly `numBoxes` regions: first the connected areas that stand out from the background, largest first, then
 * windows of 1 x 1, 2 x 2, 3 x 3, ... over the picture until the number is reached. The whole picture is always
 * among them.
 *
 * @param difference (height, width) from {@link differenceFromBackground}; computed when not given
 * @throws UsageError when `numBoxes` is not a whole number of at least 1
 */
export function proposeRegions(
  image: RgbImage,
  numBoxes: number,
  difference: Float32Array = differenceFromBackground(image),
): PixelBox[] {
  if (!Number.isSafeInteger(numBoxes) || numBoxes < 1) {
    throw new UsageError(`The number of boxes must be a whole number of at least 1; it is ${numBoxes}.`);
  }
  const { width, height } = image;
  const found = connectedAreas(difference, width, height)
    .slice(0, numBoxes - 1)
    .map(({ x1, y1, x2, y2 }) => {
      return [
        Math.max(0, x1 - MARGIN),
        Math.max(0, y1 - MARGIN),
        Math.min(width, x2 + 1 + MARGIN),
        Math.min(height, y2 + 1 + MARGIN),
      ] as const;
    });
  return [...found, ...windows(width, height, numBoxes - found.length)];
}

/** An area of pixels that touch (sides or corners); x2 and y2 are its last column and row. */
interface Area {
  x1: number;
  y1: number;
  x2: number;
  y2: number;
  numPixels: number;
}

/** Largest first; equal sizes keep the order in which a scan by rows meets them. */
function connectedAreas(difference: Float32Array, width: number, height: number): Area[] {
  const minPixels = Math.max(12, MIN_AREA_SHARE * width * height);
  const waiting = new Uint8Array(difference.length);
  for (let pixel = 0; pixel < waiting.length; pixel++) {
    if ((difference[pixel] as number) > FOREGROUND_DIFFERENCE) waiting[pixel] = 1;
  }
  const stack: number[] = [];
  const areas: Area[] = [];
  for (let start = 0; start < waiting.length; start++) {
    if (waiting[start] === 0) continue;
    const area = { x1: width, y1: height, x2: -1, y2: -1, numPixels: 0 };
    waiting[start] = 0;
    stack.push(start);
    while (stack.length > 0) {
      const pixel = stack.pop() as number;
      const x = pixel % width;
      const y = (pixel - x) / width;
      area.x1 = Math.min(area.x1, x);
      area.y1 = Math.min(area.y1, y);
      area.x2 = Math.max(area.x2, x);
      area.y2 = Math.max(area.y2, y);
      area.numPixels++;
      for (let ny = Math.max(0, y - 1); ny <= Math.min(height - 1, y + 1); ny++) {
        for (let nx = Math.max(0, x - 1); nx <= Math.min(width - 1, x + 1); nx++) {
          const neighbour = ny * width + nx;
          if (waiting[neighbour] === 0) continue;
          waiting[neighbour] = 0;
          stack.push(neighbour);
        }
      }
    }
    if (area.numPixels >= minPixels) areas.push(area);
  }
  return areas.sort((a, b) => b.numPixels - a.numPixels);
}

function windows(width: number, height: number, count: number): PixelBox[] {
  const boxes: PixelBox[] = [];
  for (let n = 1; boxes.length < count; n++) {
    for (let row = 0; row < n && boxes.length < count; row++) {
      for (let column = 0; column < n && boxes.length < count; column++) {
        boxes.push([
          (column * width) / n,
          (row * height) / n,
          ((column + 1) * width) / n,
          ((row + 1) * height) / n,
        ]);
      }
    }
  }
  return boxes;
}
