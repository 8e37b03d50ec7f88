/** @file Quadratic surfaces fitted to the background of a picture, one for each channel. */

import type { RgbImage } from '../common/rgbImage.js';

/** Terms of a surface in 1, u, v, u^2, uv, v^2, where u and v run from -0.5 to 0.5 over the picture. */
export type Surface = readonly [number, number, number, number, number, number];
/** Of red, green and blue. */
export type Surfaces = readonly [Surface, Surface, Surface];

const NUM_TERMS = 6;
/** About this many pixels, evenly spread, take part in the fit. */
const NUM_SAMPLES = 1200;
/** A pixel this near (of 255, largest channel difference) to the current fit counts as background, by round. */
const INLIER_DISTANCE = [55, 40, 30, 30];
/** Numbers per sample: u, v, red, green, blue. */
const SAMPLE_STRIDE = 5;

/** The fit begins at the median color of the border and leaves out, round by round, what does not fit. */
export function fitBackground(image: RgbImage): Surfaces {
  const samples = samplePixels(image);
  const numSamples = samples.length / SAMPLE_STRIDE;
  const found: Inliers = { places: new Int32Array(numSamples), count: 0 };
  let surfaces: Surfaces = [borderMedian(image, 0), borderMedian(image, 1), borderMedian(image, 2)];
  for (const limit of INLIER_DISTANCE) {
    const areOthers = findInliers(surfaces, samples, limit, found);
    // Too little that looks like background for a surface: stay with what there is.
    if (found.count < Math.max(4 * NUM_TERMS, numSamples / 20)) break;
    if (areOthers) surfaces = fitSurfaces(samples, found);
  }
  return surfaces;
}

/** (samples, 5), flat. */
function samplePixels({ width, height, data }: RgbImage): Float64Array {
  const step = Math.max(1, Math.floor(Math.sqrt((width * height) / NUM_SAMPLES)));
  const first = step >> 1;
  const numColumns = Math.ceil((width - first) / step);
  const numRows = Math.ceil((height - first) / step);
  const samples = new Float64Array(numColumns * numRows * SAMPLE_STRIDE);
  for (let y = first, at = 0; y < height; y += step) {
    for (let x = first; x < width; x += step, at += SAMPLE_STRIDE) {
      const pixel = (y * width + x) * 3;
      samples[at] = x / width - 0.5;
      samples[at + 1] = y / height - 0.5;
      for (let c = 0; c < 3; c++) samples[at + 2 + c] = data[pixel + c] as number;
    }
  }
  return samples;
}

/** A flat surface. Pixels in corners count twice. */
function borderMedian({ width, height, data }: RgbImage, c: number): Surface {
  const counts = new Uint32Array(256);
  const count = (pixel: number): void => {
    const value = data[pixel * 3 + c] as number;
    counts[value] = (counts[value] as number) + 1;
  };
  for (let x = 0; x < width; x++) {
    count(x);
    count((height - 1) * width + x);
  }
  for (let y = 0; y < height; y++) {
    count(y * width);
    count(y * width + width - 1);
  }
  let median = 0;
  for (let below = counts[0] as number; below <= width + height; below += counts[++median] as number);
  return [median, 0, 0, 0, 0, 0];
}

/** Where in the samples those of the background begin: the first `count` of `places`. */
interface Inliers {
  readonly places: Int32Array;
  count: number;
}

/**
 * Finds the samples whose three channels are all within `limit` of the surfaces.
 *
 * @returns whether they are others than before
 */
function findInliers(surfaces: Surfaces, samples: Float64Array, limit: number, found: Inliers): boolean {
  const [red, green, blue] = surfaces;
  const { places } = found;
  let count = 0;
  let areOthers = false;
  for (let at = 0; at < samples.length; at += SAMPLE_STRIDE) {
    const u = samples[at] as number;
    const v = samples[at + 1] as number;
    const isInlier =
      Math.abs((samples[at + 2] as number) - valueAt(red, u, v)) <= limit &&
      Math.abs((samples[at + 3] as number) - valueAt(green, u, v)) <= limit &&
      Math.abs((samples[at + 4] as number) - valueAt(blue, u, v)) <= limit;
    if (!isInlier) continue;
    if (count >= found.count || places[count] !== at) areOthers = true;
    places[count++] = at;
  }
  areOthers ||= count !== found.count;
  found.count = count;
  return areOthers;
}

function valueAt(surface: Surface, u: number, v: number): number {
  const first = surface[0] + surface[1] * u + surface[2] * v;
  return first + surface[3] * u * u + surface[4] * u * v + surface[5] * v * v;
}

/** Least squares by the normal equations, whose matrix the three channels share; u and v are well scaled for them. */
function fitSurfaces(samples: Float64Array, inliers: Inliers): Surfaces {
  const sides = [2, 3, 4].map((channel) => momentsOf(samples, inliers, channel));
  const rows = matrixOf(samples, inliers).map((row, i) =>
    Float64Array.of(...row, ...sides.map((side) => side[i] as number)),
  );
  return solve(rows);
}

/** Sums of the terms times one of a sample's numbers. */
function momentsOf(samples: Float64Array, { places, count }: Inliers, channel: number): Surface {
  let [s, su, sv, suu, suv, svv] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < count; i++) {
    const at = places[i] as number;
    const u = samples[at] as number;
    const v = samples[at + 1] as number;
    const value = samples[at + channel] as number;
    s += value;
    su += u * value;
    sv += v * value;
    suu += u * u * value;
    suv += u * v * value;
    svv += v * v * value;
  }
  return [s, su, sv, suu, suv, svv];
}

/** Sums of the products of any two terms. */
function matrixOf(samples: Float64Array, inliers: Inliers): number[][] {
  const { places, count } = inliers;
  let [u1, v1, uu1, uv1, vv1] = [0, 0, 0, 0, 0];
  let [uuu, uuv, uvv, vuu, vuv, vvv] = [0, 0, 0, 0, 0, 0];
  let [uuuu, uuuv, uuvv, uvuv, uvvv, vvvv] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < count; i++) {
    const at = places[i] as number;
    const u = samples[at] as number;
    const v = samples[at + 1] as number;
    const uu = u * u;
    const uv = u * v;
    const vv = v * v;
    u1 += u;
    v1 += v;
    uu1 += uu;
    uv1 += uv;
    vv1 += vv;
    uuu += u * uu;
    uuv += u * uv;
    uvv += u * vv;
    vuu += v * uu;
    vuv += v * uv;
    vvv += v * vv;
    uuuu += uu * uu;
    uuuv += uu * uv;
    uuvv += uu * vv;
    uvuv += uv * uv;
    uvvv += uv * vv;
    vvvv += vv * vv;
  }
  return [
    [count, u1, v1, uu1, uv1, vv1],
    [u1, uu1, uv1, uuu, uuv, uvv],
    [v1, uv1, vv1, vuu, vuv, vvv],
    [uu1, uuu, vuu, uuuu, uuuv, uuvv],
    [uv1, uuv, vuv, uuuv, uvuv, uvvv],
    [vv1, uvv, vvv, uuvv, uvvv, vvvv],
  ];
}

/** Gaussian elimination with pivoting on [A | three sides]; a singular direction gets the value 0. */
function solve(rows: Float64Array[]): Surfaces {
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
      for (let j = column; j < row.length; j++) row[j] = (row[j] as number) - factor * at(rows, column, j);
    }
  }
  const solved = [0, 1, 2].map((c) =>
    rows.map((row, i) =>
      Math.abs(row[i] as number) < 1e-9 ? 0 : (row[n + c] as number) / (row[i] as number),
    ),
  );
  return solved as unknown as Surfaces;
}

function at(rows: readonly Float64Array[], i: number, j: number): number {
  return (rows[i] as Float64Array)[j] as number;
}
