/** @file The first half of a feed-forward sublayer; {@link SublayerOutput} is the second. */

import type { Tensor } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';
import type { LxmertConfig } from '../config.js';
import { Module } from '../module.js';
import { Linear } from './linear.js';

/** (..., H) -> (..., intermediate): dense and GELU by erf. */
export class Intermediate extends Module {
  readonly dense: Linear;

  constructor(config: LxmertConfig) {
    super();
    this.dense = this.child(
      'dense',
      new Linear(config.hiddenSize, config.intermediateSize, config.initializerRange),
    );
  }

  forward(x: Tensor): Tensor {
    return ops.gelu(this.dense.forward(x));
  }
}
