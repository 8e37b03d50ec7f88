/** @file Resizing as OpenCV resizes float32 pictures: bilinear, without smoothing, equal to it in the last bit. */

import type { RgbImage } from '../../common/rgbImage.js';
import type { ChannelMeans, InputSize } from './preprocessRule.js';

/**
 * Subtracts the means in float64, stores float32, and resizes what results as `cv2.resize(image, fx=scale, fy=scale)`
 * does with INTER_LINEAR.
 *
 * @returns (3, height, width): blue, green, red
 */
export function resizeCentred(
  image: RgbImage,
  { height, width, scale }: InputSize,
  means: ChannelMeans,
): Float32Array {
  const centred = centredValues(means);
  // OpenCV takes another path, with another last bit at the far edges, where no side had to be rounded.
  const exact =
    Math.abs(width - image.width * scale) < 1e-6 && Math.abs(height - image.height * scale) < 1e-6;
  const columns = sampleAxis(width, image.width, scale, exact);
  const rows = sampleAxis(height, image.height, scale, exact);
  const data = new Float32Array(3 * height * width);
  // Resized horizontally, each (3, width): the two rows that an output row lies between.
  let upper = new Float32Array(3 * width);
  let lower = new Float32Array(3 * width);
  let upperRow = -1;
  let lowerRow = -1;
  for (let y = 0; y < height; y++) {
    const first = rows.first[y] as number;
    const second = rows.second[y] as number;
    if (first !== upperRow && first === lowerRow) {
      [upper, lower] = [lower, upper];
      [upperRow, lowerRow] = [lowerRow, upperRow];
    }
    if (first !== upperRow) resizeRow(image, first, centred, columns, upper);
    upperRow = first;
    if (second !== lowerRow) resizeRow(image, second, centred, columns, lower);
    lowerRow = second;
    const share = rows.share[y] as number;
    for (let c = 0, source = 0; c < 3; c++) {
      const start = (c * height + y) * width;
      for (let target = start; target < start + width; target++, source++) {
        const above = upper[source] as number;
        data[target] = above + Math.fround((lower[source] as number) - above) * share;
      }
    }
  }
  return data;
}

/** (3, 256): what each byte becomes by channel, in the order blue, green, red. */
function centredValues(means: ChannelMeans): Float32Array {
  return Float32Array.from({ length: 3 * 256 }, (_, i) => (i & 255) - (means[i >> 8] as number));
}

/** Where along one axis each output pixel lies: between two source pixels, and how far from the first. */
interface AxisSamples {
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly share: Float32Array;
}

/**
 * Pixel centres are mapped by the scale itself and not by the ratio of the sizes, which rounding makes another
 * number. Positions are kept in float64, only the share in float32: OpenCV's fast path does so; its plain path, with
 * positions in float32, differs from it by up to 0.007 of 255.
 */
function sampleAxis(numOutput: number, numSource: number, scale: number, exact: boolean): AxisSamples {
  const first = new Int32Array(numOutput);
  const second = new Int32Array(numOutput);
  const share = new Float32Array(numOutput);
  const step = 1 / scale;
  const last = numSource - 1;
  for (let i = 0; i < numOutput; i++) {
    const position = (i + 0.5) * step - 0.5;
    if (position <= 0) {
      second[i] = Math.min(1, last);
    } else if (position >= last) {
      // The last pixel, or the whole way to it from the last but one: by its rounding not always the same number.
      const whole = !exact && last > 0;
      first[i] = whole ? last - 1 : last;
      second[i] = last;
      share[i] = whole ? 1 : 0;
    } else {
      const index = Math.floor(position);
      first[i] = index;
      second[i] = Math.min(index + 1, last);
      share[i] = position - index;
    }
  }
  return { first, second, share };
}

/** Fills `out`, (3, columns), from one row of the picture. */
function resizeRow(
  { width, data }: RgbImage,
  row: number,
  centred: Float32Array,
  { first, second, share }: AxisSamples,
  out: Float32Array,
): void {
  const numColumns = first.length;
  for (let c = 0, target = 0; c < 3; c++) {
    // Channel c of the output is blue, green, red; of the picture red, green, blue.
    const start = row * width * 3 + 2 - c;
    const values = c * 256;
    for (let x = 0; x < numColumns; x++, target++) {
      const left = centred[values + (data[start + 3 * (first[x] as number)] as number)] as number;
      const right = centred[values + (data[start + 3 * (second[x] as number)] as number)] as number;
      // The difference is rounded to float32; product and sum are rounded once, as a fused multiply-add does.
      out[target] = left + Math.fround(right - left) * (share[x] as number);
    }
  }
}
