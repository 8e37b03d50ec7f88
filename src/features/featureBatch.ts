/** @file Region features of several images as the tensors that the model reads. */

import { LxmertError } from '../common/errors.js';
import { fromTypedArray, scope, type Tensor } from '../torch/index.js';
import { type FeatureRow, featureSizeOf, findBoxProblem, findRowProblem } from './row.js';

/** Everything of a row but its features. */
export type RegionRow = Omit<FeatureRow, 'features'>;

/** The detector's classes and their probabilities, padded with 0; (B, N) each. */
export interface LabelTensors {
  /** int64. */
  readonly objectsId: Tensor;
  /** float32. */
  readonly objectsConf: Tensor;
  /** int64. */
  readonly attrsId: Tensor;
  /** float32. */
  readonly attrsConf: Tensor;
}

/** B images, N boxes: the most that any image of the batch has. */
export interface FeatureBatch {
  /** (B, N, featureSize); zeros where an image has no box. */
  readonly features: Tensor;
  /** (B, N, 4) float32: x1, y1, x2, y2 divided by width and height, 0 to 1 (an excess of 1e-5 is allowed). */
  readonly boxes: Tensor;
  /**
   * (B, N) float32, 1 for a box and 0 for padding; null when all images have N boxes. The reference knows no
   * vision mask since all its images have 36 boxes, so equal numbers must give none.
   */
  readonly mask: Tensor | null;
  /** Real boxes of each image. */
  readonly numBoxes: readonly number[];
  /** Image sizes in pixels. */
  readonly sizes: readonly { readonly height: number; readonly width: number }[];
  readonly labels: LabelTensors | null;
}

/** A batch of rows in memory, such as one read from a TSV file or made by a detector. */
export function batchFromRows(rows: readonly FeatureRow[], withLabels = false): FeatureBatch {
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
  return scope(() => {
    const width = mostBoxes(rows);
    const values = new Float32Array(rows.length * width * size);
    for (const [i, row] of rows.entries()) values.set(row.features, i * width * size);
    // (B, N, size)
    const features = fromTypedArray(values, [rows.length, width, size]);
    return { features, ...regionTensors(rows, width, withLabels) };
  });
}

/** N of a batch. */
export function mostBoxes(rows: readonly RegionRow[]): number {
  return rows.reduce((most, row) => Math.max(most, row.numBoxes), 0);
}

/** The tensors of a batch other than its features. */
export function regionTensors(
  rows: readonly RegionRow[],
  width: number,
  withLabels: boolean,
): Omit<FeatureBatch, 'features'> {
  const shape = [rows.length, width];
  return {
    boxes: fromTypedArray(normalisedBoxes(rows, width), [...shape, 4]),
    mask: rows.every((row) => row.numBoxes === width) ? null : fromTypedArray(maskOf(rows, width), shape),
    numBoxes: rows.map((row) => row.numBoxes),
    sizes: rows.map(({ height, width: imageWidth }) => ({ height, width: imageWidth })),
    labels: withLabels
      ? {
          objectsId: fromTypedArray(padded64(rows, width, 'objectsId'), shape),
          objectsConf: fromTypedArray(padded32(rows, width, 'objectsConf'), shape),
          attrsId: fromTypedArray(padded64(rows, width, 'attrsId'), shape),
          attrsConf: fromTypedArray(padded32(rows, width, 'attrsConf'), shape),
        }
      : null,
  };
}

/** (B, N, 4): pixels divided by width and height in float32, as the reference divides. */
function normalisedBoxes(rows: readonly RegionRow[], width: number): Float32Array {
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

function maskOf(rows: readonly RegionRow[], width: number): Float32Array {
  const mask = new Float32Array(rows.length * width);
  for (const [i, row] of rows.entries()) mask.fill(1, i * width, i * width + row.numBoxes);
  return mask;
}

function padded64(rows: readonly RegionRow[], width: number, name: 'objectsId' | 'attrsId'): BigInt64Array {
  const target = new BigInt64Array(rows.length * width);
  for (const [i, row] of rows.entries()) target.set(row[name], i * width);
  return target;
}

function padded32(
  rows: readonly RegionRow[],
  width: number,
  name: 'objectsConf' | 'attrsConf',
): Float32Array {
  const target = new Float32Array(rows.length * width);
  for (const [i, row] of rows.entries()) target.set(row[name], i * width);
  return target;
}
