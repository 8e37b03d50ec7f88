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
