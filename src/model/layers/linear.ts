/** @file A dense layer. */

import type { Tensor } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';
import { Module } from '../module.js';

/** y = x W^T + b with W (out, in), drawn from normal(0, `std`), and b = 0. */
export class Linear extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor;

  constructor(inputSize: number, outputSize: number, std: number) {
    super();
    this.weight = this.parameter('weight', ops.normal_(ops.empty([outputSize, inputSize]), 0, std));
    this.bias = this.parameter('bias', ops.zeros([outputSize]));
  }

  /** (..., in) -> (..., out) */
  forward(x: Tensor): Tensor {
    return ops.linear(x, this.weight, this.bias);
  }
}
