/** @file The rows that are measured here, with the names that bench/reference/compare.py gives the same work. */

import type { Precision } from '../../src/model/index.js';

export type DeviceWork = 'finetune' | 'pretrain' | 'infer' | 'detect';
/** TF32 is float32 whose products round their factors. */
export type DevicePrecision = Precision | 'tf32';

export interface DeviceRow {
  readonly work: DeviceWork;
  readonly batchSize: number;
  readonly precision: DevicePrecision;
}

const WORK: readonly (readonly [DeviceWork, number])[] = [
  ['finetune', 32],
  ['finetune', 256],
  ['pretrain', 256],
  ['infer', 1],
  ['infer', 1024],
  ['detect', 1],
  ['detect', 8],
];

export function deviceRows(
  kinds: readonly DeviceWork[],
  precisions: readonly DevicePrecision[],
): DeviceRow[] {
  return WORK.filter(([work]) => kinds.includes(work)).flatMap(([work, batchSize]) =>
    precisions.map((precision) => ({ work, batchSize, precision })),
  );
}

export const dtypeOf = (precision: DevicePrecision): Precision =>
  precision === 'tf32' ? 'float32' : precision;
