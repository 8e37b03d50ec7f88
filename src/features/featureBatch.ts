/** @file Region features of several images as the tensors that the model reads. */

import { fromTypedArray, scope, type Tensor } from '../torch/index.js';
import { featureArray, normalisedBoxes, type RegionRow, regionMask } from './regionArrays.js';
import type { FeatureRow } from './row.js';

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
  const { width, featureSize, features } = featureArray(rows);
  return scope(() => {
    // (B, N, featureSize)
    const tensor = fromTypedArray(features, [rows.length, width, featureSize]);
    return { features: tensor, ...regionTensors(rows, width, withLabels) };
  });
}

/** The tensors of a batch other than its features. */
export function regionTensors(
  rows: readonly RegionRow[],
  width: number,
  withLabels: boolean,
): Omit<FeatureBatch, 'features'> {
  const shape = [rows.length, width];
  const mask = regionMask(rows, width);
  return {
    boxes: fromTypedArray(normalisedBoxes(rows, width), [...shape, 4]),
    mask: mask === null ? null : fromTypedArray(mask, shape),
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
