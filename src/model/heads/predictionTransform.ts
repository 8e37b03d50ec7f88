/** @file What masked words and masked regions go through before they are predicted: dense, GELU, LayerNorm. */

import type { Tensor } from '../../torch/index.js';
import type { LxmertConfig } from '../config.js';
import { LayerNorm } from '../layers/layerNorm.js';
import { Linear } from '../layers/linear.js';
import { Module } from '../module.js';

/** Dense, GELU and LayerNorm, as BERT's before its masked words. */
export class PredictionTransform extends Module {
  readonly dense: Linear;
  readonly layerNorm: LayerNorm;

  constructor({ hiddenSize, initializerRange: std, layerNormEps }: LxmertConfig) {
    super();
    this.dense = this.child('dense', new Linear(hiddenSize, hiddenSize, std));
    this.layerNorm = this.child('LayerNorm', new LayerNorm(hiddenSize, layerNormEps));
  }

  /** (rows, H) -> (rows, H) */
  forward(rows: Tensor): Tensor {
    return this.layerNorm.forward(this.dense.forwardGelu(rows));
  }
}
