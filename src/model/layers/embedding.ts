/** @file A table of vectors looked up by index. */

import type { Tensor } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';
import { embedding } from '../functional/embedding.js';
import { Module } from '../module.js';

/**
 * The index whose row gets no gradient through the lookup: 0 in all three tables of the reference
 * (docs/how-it-works/reference-implementation.md, "Embeddings").
 */
const PADDING_INDEX = 0;

export class Embedding extends Module {
  readonly weight: Tensor;

  constructor(numRows: number, size: number, std: number) {
    super();
    this.weight = this.parameter('weight', ops.normal_(ops.empty([numRows, size]), 0, std));
  }

  /** indices (rows) -> (rows, size) */
  forward(indices: Tensor): Tensor {
    return embedding(this.weight, indices, PADDING_INDEX);
  }
}
