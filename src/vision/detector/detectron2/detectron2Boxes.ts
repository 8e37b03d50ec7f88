/**
 * @file The PyTorch ports' arithmetic on boxes (n, 4): sides are x2 - x1 long, anchors are centred on 0 and not rounded,
 * and a picture's last pixel is its width and height. In float32, a rounding after every step.
 */

import type { AnchorSettings } from '../architecture.js';

const { fround } = Math;

/** Box deltas of sides stop here, at a factor of 1000 / 16: exp of more would overflow. */
export const MAX_LOG_FACTOR = fround(Math.log(1000 / 16));

/**
 * The anchors around a cell, in Caffe's order (ratio slow, scale fast), which loaded weights have: areas are exactly
 * those of squares of stride x scale.
 *
 * @returns (numAnchors, 4): x1, y1, x2, y2
 */
export function detectron2Anchors({ stride, ratios, scales }: AnchorSettings): Float32Array {
  const boxes: number[] = [];
  for (const ratio of ratios) {
    for (const scale of scales) {
      const width = Math.sqrt((stride * scale) ** 2 / ratio);
      const height = ratio * width;
      boxes.push(-width / 2, -height / 2, width / 2, height / 2);
    }
  }
  return Float32Array.from(boxes);
}

/**
 * One box moved by (dx, dy) of its sides' length, and stretched by exp(dw, dh).
 *
 * @param deltas dx, dy, dw, dh at `offset`
 * @param weights what they are divided by
 */
export function moveDetectron2Box(
  box: ArrayLike<number>,
  deltas: ArrayLike<number>,
  offset: number,
  weights: readonly [number, number, number, number],
): [number, number, number, number] {
  const moved: [number, number, number, number] = [0, 0, 0, 0];
  for (let axis = 0; axis < 2; axis++) {
    const low = box[axis] as number;
    const side = fround((box[2 + axis] as number) - low);
    const centre = fround(low + fround(0.5 * side));
    const shift = fround((deltas[offset + axis] as number) / (weights[axis] as number));
    const stretch = fround((deltas[offset + 2 + axis] as number) / (weights[2 + axis] as number));
    const newCentre = fround(fround(shift * side) + centre);
    const newSide = fround(fround(Math.exp(Math.min(stretch, MAX_LOG_FACTOR))) * side);
    const half = fround(0.5 * newSide);
    moved[axis] = fround(newCentre - half);
    moved[2 + axis] = fround(newCentre + half);
  }
  return moved;
}

/** In place: brings boxes into a picture of `height` x `width`. */
export function clipDetectron2Boxes(boxes: Float32Array, height: number, width: number): Float32Array {
  for (let i = 0; i < boxes.length; i++) {
    boxes[i] = Math.max(Math.min(boxes[i] as number, i % 2 === 0 ? width : height), 0);
  }
  return boxes;
}
