/** @file The two halves of a feed-forward sublayer; the second also ends an attention sublayer. */

import type { Tensor } from '../../torch/index.js';
import type { LxmertConfig } from '../config.js';
import { sublayerOutput } from '../functional/layerNorm.js';
import type { SublayerParameters } from '../functional/packedLayers.js';
import { Module } from '../module.js';
import { LayerNorm } from './layerNorm.js';
import { Linear } from './linear.js';

/** (rows, H) -> (rows, intermediate): dense and GELU by erf. */
export class Intermediate extends Module {
  readonly dense: Linear;

  constructor(config: LxmertConfig) {
    super();
    this.dense = this.child(
      'dense',
      new Linear(config.hiddenSize, config.intermediateSize, config.initializerRange),
    );
  }

  /** (rows, H) -> (rows, intermediate) */
  forward(x: Tensor): Tensor {
    return this.dense.forwardGelu(x);
  }
}

/** Dense, dropout, residual, LayerNorm: how every sublayer ends (post-LayerNorm, as BERT). */
export class SublayerOutput extends Module {
  readonly dense: Linear;
  readonly layerNorm: LayerNorm;

  constructor(
    inputSize: number,
    readonly config: LxmertConfig,
  ) {
    super();
    this.dense = this.child('dense', new Linear(inputSize, config.hiddenSize, config.initializerRange));
    this.layerNorm = this.child('LayerNorm', new LayerNorm(config.hiddenSize, config.layerNormEps));
  }

  /** x (rows, in), residual (rows, H) -> (rows, H) */
  forward(x: Tensor, residual: Tensor, training: boolean): Tensor {
    const p = training ? this.config.hiddenDropout : 0;
    return sublayerOutput(x, this.dense, residual, this.layerNorm, p);
  }
}

/** What both halves compute with, for `functional/packedLayers.ts`. */
export function feedForwardParameters(inner: Intermediate, outer: SublayerOutput): SublayerParameters {
  return { dense: [inner.dense, outer.dense], norm: outer.layerNorm };
}
