/** @file The arithmetic of looking rows up in a table. */

import type { Tensor } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';
import { canFuse } from './mode.js';

/** table (n, size), indices (rows) -> (rows, size); the row `paddingIndex` gets no gradient through it. */
export function embedding(table: Tensor, indices: Tensor, paddingIndex: number): Tensor {
  return canFuse(table) && table.dtype === 'float32'
    ? ops.packedEmbedding(table, indices, paddingIndex)
    : ops.embedding(table, indices, paddingIndex);
}

/** Rows of a table in 8 bits (`roundWeight`), indices (rows) -> (rows, size) float32. */
export function roundedEmbedding(table: readonly Tensor[], indices: Tensor): Tensor {
  const [values, scales] = table as readonly [Tensor, Tensor];
  const rows = ops.to(ops.indexSelect(values, 0, indices), 'float32');
  return ops.mul(rows, ops.unsqueeze(ops.indexSelect(scales, 0, indices), 1));
}
