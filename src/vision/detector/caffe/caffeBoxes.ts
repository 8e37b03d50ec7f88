/**
 * @file Arithmetic on boxes (n, 4): x1, y1, x2, y2, both ends included, in float32 with a rounding after every step,
 * as the original's arrays have it: the last bit of a box is part of the published features.
 */

const { fround } = Math;

/**
 * Moves and stretches anchors: centres by (dx, dy) of a side's length, sides by exp(dw, dh). The sides are not limited,
 * and x2 is centre + width / 2, without the -1 that would make it the inverse of the widths used here.
 *
 * @param deltas (n, 4): dx, dy, dw, dh
 */
export function decodeBoxes(anchors: Float32Array, deltas: Float32Array): Float32Array {
  const boxes = new Float32Array(anchors.length);
  for (let i = 0; i < anchors.length; i += 4) {
    for (let axis = 0; axis < 2; axis++) {
      const low = anchors[i + axis] as number;
      const side = fround(fround((anchors[i + 2 + axis] as number) - low) + 1);
      const centre = fround(low + fround(0.5 * side));
      const newCentre = fround(fround((deltas[i + axis] as number) * side) + centre);
      const newSide = fround(fround(Math.exp(deltas[i + 2 + axis] as number)) * side);
      const half = fround(0.5 * newSide);
      boxes[i + axis] = newCentre - half;
      boxes[i + 2 + axis] = newCentre + half;
    }
  }
  return boxes;
}

/** In place: brings boxes into an image of `height` x `width` pixels, whose last ones are height - 1 and width - 1. */
export function clipBoxes(boxes: Float32Array, height: number, width: number): Float32Array {
  for (let i = 0; i < boxes.length; i++) {
    const last = (i % 2 === 0 ? width : height) - 1;
    boxes[i] = Math.max(Math.min(boxes[i] as number, last), 0);
  }
  return boxes;
}

/** Numbers of the boxes whose sides are both at least `minSide` long; never of one that holds NaN. */
export function boxesOfSize(boxes: Float32Array, minSide: number): number[] {
  const side = (low: number): number =>
    fround(fround((boxes[low + 2] as number) - (boxes[low] as number)) + 1);
  const kept: number[] = [];
  for (let i = 0; i < boxes.length; i += 4) {
    if (side(i) >= minSide && side(i + 1) >= minSide) kept.push(i / 4);
  }
  return kept;
}

/** From pixels of the scaled image to pixels of the original, divided in float32 by the scale as float32. */
export function unscaleBoxes(boxes: Float32Array, scale: number): Float32Array {
  const divisor = fround(scale);
  return boxes.map((value) => value / divisor);
}
