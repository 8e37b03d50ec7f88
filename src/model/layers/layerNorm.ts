/** @file Layer normalisation over the last dimension. */

import type { Tensor } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';
import { layerNorm } from '../functional/layerNorm.js';
import { Module } from '../module.js';

/** Normalises each row, then scales and shifts it. */
export class LayerNorm extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor;

  constructor(
    readonly size: number,
    readonly eps: number,
  ) {
    super();
    this.weight = this.parameter('weight', ops.ones([size]));
    this.bias = this.parameter('bias', ops.zeros([size]));
  }

  /** (rows, size) -> (rows, size) */
  forward(x: Tensor): Tensor {
    return layerNorm(x, this);
  }
}
