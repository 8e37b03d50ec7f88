/** @file Region features of several images as the padded arrays that a model reads, whatever computes it. */

import { LxmertError } from '../common/errors.js';
import { type FeatureRow, featureSizeOf, findBoxProblem, findRowProblem } from './row.js';

/** Everything of a row but its features. */
export type RegionRow = Omit<FeatureRow, 'features'>;

/** N of a batch: the most boxes that any image of it has. */
export function mostBoxes(rows: readonly RegionRow[]): number {
  return rows.reduce((most, row) => Math.max(most, row.numBoxes), 0);
}

/**
 * Features of rows in memory, (B, N, featureSize) with zeros where an image has no box.
 *
 * @throws LxmertError for a row that breaks the rules of rows, or has features of another size than others
 */
export function featureArray(rows: readonly FeatureRow[]): {
  /** N. */
  readonly width: number;
  readonly featureSize: number;
  readonly features: Float32Array;
} {
  const [first] = rows;
  if (first === undefined) throw new RangeError('A batch needs at least one row.');
  const size = featureSizeOf(first);
  for (const row of rows) {
    const problem =
      findRowProblem(row) ??
      (featureSizeOf(row) === size
        ? undefined
        : `its features have ${featureSizeOf(row)} values, others ${size}.`);
    if (problem !== undefined) throw new LxmertError(`Image ${row.imageId} cannot be used: ${problem}`);
  }
  const width = mostBoxes(rows);
  const features = new Float32Array(rows.length * width * size);
  for (const [i, row] of rows.entries()) features.set(row.features, i * width * size);
  return { width, featureSize: size, features };
}

/** (B, N, 4): pixels divided by width and height in float32, as the reference divides. */
export function normalisedBoxes(rows: readonly RegionRow[], width: number): Float32Array {
  const target = new Float32Array(rows.length * width * 4);
  for (const [i, row] of rows.entries()) {
    const problem = findBoxProblem(row.boxes, row.numBoxes, row.width, row.height);
    if (problem !== undefined) throw new LxmertError(`Image ${row.imageId}: ${problem}`);
    const start = i * width * 4;
    for (let k = 0; k < row.numBoxes * 4; k++)
      target[start + k] = (row.boxes[k] as number) / (k % 2 === 0 ? row.width : row.height);
  }
  return target;
}

/** (B, N), 1 for a box and 0 for padding; null when all images have N boxes. */
export function regionMask(rows: readonly RegionRow[], width: number): Float32Array | null {
  if (rows.every((row) => row.numBoxes === width)) return null;
  const mask = new Float32Array(rows.length * width);
  for (const [i, row] of rows.entries()) mask.fill(1, i * width, i * width + row.numBoxes);
  return mask;
}
