/** @file The smooth background of a picture, and how far each pixel stands out from it. */

import type { RgbImage } from '../common/rgbImage.js';
import { fitBackground, type Surface } from './backgroundFit.js';

/**
 * How far each pixel is from a quadratic surface fitted to the background: the largest channel difference, 0 to
 * 255. The fit begins at the median color of the border and leaves out, round by round, what does not fit, so
 * that objects in the foreground do not bend it.
 *
 * @returns (height, width) differences
 */
export function differenceFromBackground(image: RgbImage): Float32Array {
  const { width, height, data } = image;
  const surfaces = fitBackground(image);
  const difference = new Float32Array(width * height);
  const others = new Float32Array(width * height);
  const us = Float64Array.from({ length: width }, (_, x) => x / width - 0.5);
  for (let c = 0; c < 3; c++) {
    const [a, b, cv, d, e, f] = surfaces[c] as Surface;
    const distance = c === 0 ? difference : others;
    for (let y = 0, pixel = 0; y < height; y++) {
      const v = y / height - 0.5;
      const constant = a + v * (cv + f * v);
      const linear = b + e * v;
      for (let x = 0; x < width; x++, pixel++) {
        const u = us[x] as number;
        distance[pixel] = Math.abs((data[3 * pixel + c] as number) - constant - u * (linear + d * u));
      }
    }
    if (c > 0) keepLarger(difference, distance);
  }
  return difference;
}

/** Which of two is larger is anybody's guess in noise. The bits of floats that are not negative have the order of the floats. */
function keepLarger(values: Float32Array, others: Float32Array): void {
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  const otherBits = new Int32Array(others.buffer, others.byteOffset, others.length);
  for (let i = 0; i < bits.length; i++) {
    const distance = (bits[i] as number) - (otherBits[i] as number);
    bits[i] = (bits[i] as number) - (distance & (distance >> 31));
  }
}
