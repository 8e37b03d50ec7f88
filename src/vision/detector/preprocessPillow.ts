/** @file Resizing as Pillow resizes 8-bit pictures: bilinear, smoothed where the picture shrinks, in whole numbers. */

import type { RgbImage } from '../../common/rgbImage.js';

/** Weights are whole multiples of 2^-22, so that sums of bytes stay within 32 bits. */
const WEIGHT_BITS = 22;

/**
 * Resizes to `width` x `height` with Pillow's BILINEAR filter: rows first, rounded to bytes, then columns. Equal to
 * it in every byte for the pictures compared.
 */
export function resizeAsPillow(image: RgbImage, width: number, height: number): RgbImage {
  let resized = image;
  // A side that keeps its length keeps its bytes.
  if (width !== image.width) resized = resizeRows(image, width);
  if (height !== image.height) resized = resizeColumns(resized, height);
  return resized;
}

/** For each output pixel along one axis: the first source pixel, how many take part, and their weights. */
interface Windows {
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** (output pixels, stride), of which the first `count` are used. */
  readonly weights: Int32Array;
  readonly stride: number;
}

/** A triangle over one source pixel to each side, or over as many as an output pixel covers when that is more. */
function triangleWindows(numSource: number, numOutput: number): Windows {
  const ratio = numSource / numOutput;
  const support = Math.max(ratio, 1);
  const stride = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(numOutput);
  const count = new Int32Array(numOutput);
  const weights = new Int32Array(numOutput * stride);
  const heights = new Float64Array(stride);
  for (let i = 0; i < numOutput; i++) {
    const centre = (i + 0.5) * ratio;
    const from = Math.max(0, Math.trunc(centre - support + 0.5));
    const to = Math.min(numSource, Math.trunc(centre + support + 0.5));
    let sum = 0;
    for (let k = 0; k < to - from; k++) {
      const distance = Math.abs((from + k - centre + 0.5) * (1 / support));
      heights[k] = distance < 1 ? 1 - distance : 0;
      sum += heights[k] as number;
    }
    first[i] = from;
    count[i] = to - from;
    for (let k = 0; k < to - from; k++) {
      const share = sum === 0 ? (heights[k] as number) : (heights[k] as number) * (1 / sum);
      weights[i * stride + k] = Math.trunc(0.5 + share * 2 ** WEIGHT_BITS);
    }
  }
  return { first, count, weights, stride };
}

/** (height, source width, 3) to (height, width, 3). */
function resizeRows({ data, width: sourceWidth, height }: RgbImage, width: number): RgbImage {
  const { first, count, weights, stride } = triangleWindows(sourceWidth, width);
  const out = new Uint8Array(height * width * 3);
  for (let y = 0, target = 0; y < height; y++) {
    for (let x = 0; x < width; x++, target += 3) {
      let source = (y * sourceWidth + (first[x] as number)) * 3;
      const end = x * stride + (count[x] as number);
      let red = 1 << (WEIGHT_BITS - 1);
      let green = red;
      let blue = red;
      for (let k = x * stride; k < end; k++, source += 3) {
        const weight = weights[k] as number;
        red += (data[source] as number) * weight;
        green += (data[source + 1] as number) * weight;
        blue += (data[source + 2] as number) * weight;
      }
      out[target] = toByte(red);
      out[target + 1] = toByte(green);
      out[target + 2] = toByte(blue);
    }
  }
  return { width, height, data: out };
}

/** (source height, width, 3) to (height, width, 3), a whole row at a time. */
function resizeColumns({ data, width, height: sourceHeight }: RgbImage, height: number): RgbImage {
  const { first, count, weights, stride } = triangleWindows(sourceHeight, height);
  const rowLength = width * 3;
  const out = new Uint8Array(height * rowLength);
  const sums = new Int32Array(rowLength);
  for (let y = 0; y < height; y++) {
    sums.fill(1 << (WEIGHT_BITS - 1));
    for (let k = 0; k < (count[y] as number); k++) {
      const weight = weights[y * stride + k] as number;
      const source = ((first[y] as number) + k) * rowLength;
      for (let i = 0; i < rowLength; i++) {
        sums[i] = (sums[i] as number) + (data[source + i] as number) * weight;
      }
    }
    const target = y * rowLength;
    for (let i = 0; i < rowLength; i++) out[target + i] = toByte(sums[i] as number);
  }
  return { width, height, data: out };
}

/** A rounding of the weights can bring white a hair over 255. */
function toByte(sum: number): number {
  return Math.min(255, sum >> WEIGHT_BITS);
}
