/** @file The pictures that fixtures/makeArrays.py writes, computed again. */

import type { FeatureRow } from '../../../src/features/row.js';
import { float16ToFloat32, float32ToFloat16 } from '../../../src/formats/float16.js';

const SIZES = [
  [512, 256],
  [1024, 512],
  [256, 1024],
] as const;
const NUM_BOXES = [3, 2, 4] as const;

/** Picture `p` of three, with `d` values a box. */
export function expectedRow(p: number, d = 8): FeatureRow {
  const [width, height] = SIZES[p]!;
  const numBoxes = NUM_BOXES[p]!;
  const each = <T>(value: (i: number) => T): T[] => Array.from({ length: numBoxes }, (_, i) => value(i));
  return {
    imageId: `COCO_val2014_${String(42 + p).padStart(12, '0')}`,
    height,
    width,
    numBoxes,
    objectsId: BigInt64Array.from(each((i) => BigInt(100 * p + i))),
    objectsConf: Float32Array.from(each((i) => (i + 1) / 8)),
    attrsId: BigInt64Array.from(each((i) => BigInt(3 * i + p))),
    attrsConf: Float32Array.from(each((i) => (i + 1) / 16)),
    boxes: Float32Array.from(each((i) => [16 * i, 8 * i, 16 * i + width / 2, 8 * i + height / 2]).flat()),
    features: Float32Array.from(
      each((i) => Array.from({ length: d }, (_, k) => ((31 * p + 7 * i + k) % 29) / 4)).flat(),
    ),
  };
}

/** Zeros for attributes, or for objects too. */
export function withoutLabels(row: FeatureRow, labels: 'objects' | 'none'): FeatureRow {
  const zeros = { ids: new BigInt64Array(row.numBoxes), confidences: new Float32Array(row.numBoxes) };
  const objects = labels === 'none' ? { objectsId: zeros.ids, objectsConf: zeros.confidences } : {};
  return { ...row, ...objects, attrsId: zeros.ids, attrsConf: zeros.confidences };
}

/** Boxes as shares of a picture of 1 x 1. */
export function withoutSizes(row: FeatureRow, toHalf = false): FeatureRow {
  const sides = [row.width, row.height];
  const shares = row.boxes.map((value, i) => value / (sides[i % 2] as number));
  return { ...row, width: 1, height: 1, boxes: toHalf ? rounded(shares) : shares };
}

function rounded(values: Float32Array): Float32Array {
  const half = new Uint16Array(values.length);
  float32ToFloat16(values, half);
  const back = new Float32Array(values.length);
  float16ToFloat32(half, back);
  return back;
}
