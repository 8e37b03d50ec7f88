/** @file Dense layers. */

import type { Tensor } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';
import { drawn } from '../drawing.js';
import { linear, linearGelu, type RowRange } from '../functional/linear.js';
import { type Leaf, Module } from '../module.js';

/** y = x W^T + b with W (out, in), drawn from normal(0, `std`), and b = 0. */
export class Linear extends Module {
  readonly weight: Leaf;
  readonly bias: Tensor;

  /**
   * @param kind `isDense` false for a layer whose input is float32 in every precision; `isHead` true for one between the first
   * word and the answers
   */
  constructor(inputSize: number, outputSize: number, std: number, { isDense = true, isHead = false } = {}) {
    super();
    this.weight = this.weightParameter('weight', drawn(outputSize, inputSize, std), { isDense, isHead });
    this.bias = this.parameter('bias', ops.zeros([outputSize]));
  }

  /** (rows, in) -> (rows, out) */
  forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias);
  }

  /** GELU of it, by erf. (rows, in) -> (rows, out) */
  forwardGelu(x: Tensor): Tensor {
    return linearGelu(x, this.weight, this.bias);
  }
}

/**
 * Several dense layers of one input as one product: their weights lie one below the other. Each keeps its own name in
 * files.
 */
export class JoinedLinear extends Module {
  readonly weight: Leaf;
  readonly bias: Tensor;

  constructor(
    names: readonly string[],
    inputSize: number,
    readonly outputSize: number,
    std: number,
  ) {
    super();
    const height = names.length * outputSize;
    const parts = (kind: string) => names.map((name) => ({ name: `${name}.${kind}`, numRows: outputSize }));
    this.weight = this.joinedParameter(parts('weight'), drawn(height, inputSize, std), { isDense: true });
    this.bias = this.joinedParameter(parts('bias'), ops.zeros([height])).tensor;
  }

  /** `count` of the layers from the `first` on, side by side: (rows, in) -> (rows, count * out) */
  forward(x: Tensor, first: number, count: number): Tensor {
    const range: RowRange = { first: first * this.outputSize, count: count * this.outputSize };
    return linear(x, this.weight, this.bias, range);
  }
}
