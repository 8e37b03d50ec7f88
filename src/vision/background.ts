/** @file The smooth background of a picture, and how far each pixel stands out from it. */

import type { RgbImage } from '../common/rgbImage.js';

/** Terms of the surface fitted to each channel: 1, u, v, u^2, uv, v^2. */
const NUM_TERMS = 6;
/** About this many pixels, evenly spread, take part in the fit. */
const NUM_SAMPLES = 1200;
/** A pixel this near (of 255, largest channel difference) to the current fit counts as background, by round. */
const INLIER_DISTANCE = [55, 40, 30, 30];

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
  for (let c = 0; c < 3; c++) {
    const [a, b, cv, d, e, f] = termsOf(surfaces[c] as Float64Array);
    for (let y = 0, pixel = 0; y < height; y++) {
      const v = y / height - 0.5;
      const constant = a + v * (cv + f * v);
      const linear = b + e * v;
      for (let x = 0; x < width; x++, pixel++) {
        const u = x / width - 0.5;
        const distance = Math.abs((data[pixel * 3 + c] as number) - constant - u * (linear + d * u));
        if (distance > (difference[pixel] as number)) difference[pixel] = distance;
      }
    }
  }
  return difference;
}

/** Three surfaces, one per channel. */
function fitBackground(image: RgbImage): Float64Array[] {
  const samples = samplePixels(image);
  const places = new Int32Array(samples.length / SAMPLE_STRIDE);
  const numSamples = samples.length / SAMPLE_STRIDE;
  let surfaces: Float64Array[] = borderMedian(image).map((median) => Float64Array.of(median, 0, 0, 0, 0, 0));
  for (const limit of INLIER_DISTANCE) {
    const inliers = findInliers(surfaces, samples, limit, places);
    // Too little that looks like background for a surface: stay with what there is.
    if (inliers.length < Math.max(4 * NUM_TERMS, numSamples / 20)) break;
    surfaces = fitSurfaces(samples, inliers);
  }
  return surfaces;
}

/** Numbers per sample: u, v, red, green, blue. */
const SAMPLE_STRIDE = 5;

/** (samples, 5), flat. */
function samplePixels({ width, height, data }: RgbImage): Float64Array {
  const step = Math.max(1, Math.floor(Math.sqrt((width * height) / NUM_SAMPLES)));
  const samples: number[] = [];
  for (let y = step >> 1; y < height; y += step) {
    for (let x = step >> 1; x < width; x += step) {
      const i = (y * width + x) * 3;
      samples.push(x / width - 0.5, y / height - 0.5);
      samples.push(data[i] as number, data[i + 1] as number, data[i + 2] as number);
    }
  }
  return Float64Array.from(samples);
}

/** Where in `samples` those begin whose three channels are all within `limit` of the surfaces; a part of `places`. */
function findInliers(
  surfaces: readonly Float64Array[],
  samples: Float64Array,
  limit: number,
  places: Int32Array,
): Int32Array {
  const [red, green, blue] = surfaces as [Float64Array, Float64Array, Float64Array];
  let numInliers = 0;
  for (let at = 0; at < samples.length; at += SAMPLE_STRIDE) {
    const u = samples[at] as number;
    const v = samples[at + 1] as number;
    const isInlier =
      Math.abs((samples[at + 2] as number) - valueAt(red, u, v)) <= limit &&
      Math.abs((samples[at + 3] as number) - valueAt(green, u, v)) <= limit &&
      Math.abs((samples[at + 4] as number) - valueAt(blue, u, v)) <= limit;
    if (isInlier) places[numInliers++] = at;
  }
  return places.subarray(0, numInliers);
}

function borderMedian({ width, height, data }: RgbImage): number[] {
  const offsets: number[] = [];
  for (let x = 0; x < width; x++) offsets.push(x * 3, ((height - 1) * width + x) * 3);
  for (let y = 0; y < height; y++) offsets.push(y * width * 3, (y * width + width - 1) * 3);
  return [0, 1, 2].map((c) => {
    const values = Uint8Array.from(offsets, (offset) => data[offset + c] as number).sort();
    return values[values.length >> 1] as number;
  });
}

/**
 * Least squares by the normal equations, whose matrix the three channels share; the terms are well scaled, since
 * u and v lie in -0.5 .. 0.5.
 */
function fitSurfaces(samples: Float64Array, inliers: Int32Array): Float64Array[] {
  const matrix = new Float64Array(NUM_TERMS * NUM_TERMS);
  const sides = new Float64Array(3 * NUM_TERMS);
  const terms = new Float64Array(NUM_TERMS);
  terms[0] = 1;
  for (const at of inliers) {
    const u = samples[at] as number;
    const v = samples[at + 1] as number;
    terms[1] = u;
    terms[2] = v;
    terms[3] = u * u;
    terms[4] = u * v;
    terms[5] = v * v;
    for (let i = 0, k = 0; i < NUM_TERMS; i++, k += i) {
      const term = terms[i] as number;
      for (let j = i; j < NUM_TERMS; j++, k++)
        matrix[k] = (matrix[k] as number) + term * (terms[j] as number);
      for (let side = i, c = 2; c < SAMPLE_STRIDE; side += NUM_TERMS, c++)
        sides[side] = (sides[side] as number) + term * (samples[at + c] as number);
    }
  }
  return [0, 1, 2].map((c) => {
    const rows = Array.from({ length: NUM_TERMS }, (_, i) =>
      Float64Array.from({ length: NUM_TERMS + 1 }, (_, j) =>
        j === NUM_TERMS
          ? (sides[c * NUM_TERMS + i] as number)
          : (matrix[Math.min(i, j) * NUM_TERMS + Math.max(i, j)] as number),
      ),
    );
    return solve(rows);
  });
}

/** Gaussian elimination with pivoting on [A | b]; a singular direction gets the value 0. */
function solve(rows: Float64Array[]): Float64Array {
  const n = rows.length;
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let i = column + 1; i < n; i++) {
      if (Math.abs(at(rows, i, column)) > Math.abs(at(rows, pivot, column))) pivot = i;
    }
    const swap = rows[column] as Float64Array;
    rows[column] = rows[pivot] as Float64Array;
    rows[pivot] = swap;
    if (Math.abs(at(rows, column, column)) < 1e-9) continue;
    for (let i = 0; i < n; i++) {
      if (i === column) continue;
      const factor = at(rows, i, column) / at(rows, column, column);
      const row = rows[i] as Float64Array;
      for (let j = column; j <= n; j++) row[j] = (row[j] as number) - factor * at(rows, column, j);
    }
  }
  return Float64Array.from(rows, (row, i) =>
    Math.abs(row[i] as number) < 1e-9 ? 0 : (row[n] as number) / (row[i] as number),
  );
}

function at(rows: readonly Float64Array[], i: number, j: number): number {
  return (rows[i] as Float64Array)[j] as number;
}

function termsOf(surface: Float64Array): [number, number, number, number, number, number] {
  return surface as unknown as [number, number, number, number, number, number];
}

function valueAt(surface: Float64Array, u: number, v: number): number {
  const first = (surface[0] as number) + (surface[1] as number) * u + (surface[2] as number) * v;
  return (
    first + (surface[3] as number) * u * u + (surface[4] as number) * u * v + (surface[5] as number) * v * v
  );
}
