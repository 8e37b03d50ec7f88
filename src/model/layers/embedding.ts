/** @file A table of vectors looked up by index. */

import type { Tensor } from '../../torch/index.js';
import { drawn } from '../drawing.js';
import { embedding, roundedEmbedding } from '../functional/embedding.js';
import { type Leaf, Module } from '../module.js';

/**
 * The index whose row gets no gradient through the lookup: 0 in all three tables of the reference
 * (docs/how-it-works/reference-implementation.md, "Embeddings").
 */
const PADDING_INDEX = 0;

/** A table of vectors, of which the one at index 0 is not trained by lookups. */
export class Embedding extends Module {
  readonly table: Leaf;

  /** @param isLarge whether it is rounded to 8 bits where dense layers are */
  constructor(numRows: number, size: number, std: number, { isLarge = false } = {}) {
    super();
    this.table = this.weightParameter('weight', drawn(numRows, size, std), { isTable: isLarge });
  }

  /** (rows, size) */
  get weight(): Tensor {
    return this.table.tensor;
  }

  /** indices (rows) -> (rows, size) */
  forward(indices: Tensor): Tensor {
    const { packed } = this.table;
    return packed === undefined
      ? embedding(this.weight, indices, PADDING_INDEX)
      : roundedEmbedding(packed, indices);
  }
}
