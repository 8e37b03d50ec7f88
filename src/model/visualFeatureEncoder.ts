/** @file How regions become vectors. */

import type { Tensor } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';
import type { LxmertConfig } from './config.js';
import { dropout } from './layers/dropout.js';
import { LayerNorm } from './layers/layerNorm.js';
import { Linear } from './layers/linear.js';
import { Module } from './module.js';

/** (LN(features) + LN(boxes)) / 2 after a dense layer each (paper, section 2.1), then dropout. */
export class VisualFeatureEncoder extends Module {
  readonly featureDense: Linear;
  readonly featureLayerNorm: LayerNorm;
  readonly boxDense: Linear;
  readonly boxLayerNorm: LayerNorm;

  constructor(readonly config: LxmertConfig) {
    super();
    const { hiddenSize, visualFeatureSize, visualBoxSize, layerNormEps, initializerRange: std } = config;
    this.featureDense = this.child('visn_fc', new Linear(visualFeatureSize, hiddenSize, std));
    this.featureLayerNorm = this.child('visn_layer_norm', new LayerNorm(hiddenSize, layerNormEps));
    this.boxDense = this.child('box_fc', new Linear(visualBoxSize, hiddenSize, std));
    this.boxLayerNorm = this.child('box_layer_norm', new LayerNorm(hiddenSize, layerNormEps));
  }

  /** features (B, regions, F), boxes (B, regions, 4) -> (B, regions, H) */
  forward(features: Tensor, boxes: Tensor, training: boolean): Tensor {
    const fromFeatures = this.featureLayerNorm.forward(this.featureDense.forward(features));
    const fromBoxes = this.boxLayerNorm.forward(this.boxDense.forward(boxes));
    return dropout(ops.div(ops.add(fromFeatures, fromBoxes), 2), this.config.hiddenDropout, training);
  }
}
