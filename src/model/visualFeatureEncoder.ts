/** @file How regions become vectors. */

import { type DType, scope, type Tensor } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';
import type { LxmertConfig } from './config.js';
import { dropout } from './functional/dropout.js';
import { canAnswerPacked, packedRegions } from './functional/packedLayers.js';
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
    this.boxDense = this.child('box_fc', new Linear(visualBoxSize, hiddenSize, std, { isDense: false }));
    this.boxLayerNorm = this.child('box_layer_norm', new LayerNorm(hiddenSize, layerNormEps));
  }

  /**
   * @param features (rows, F)
   * @param boxes (rows, 4) float32; so is their dense layer's input always: a bfloat16 tells 256 places apart
   * @returns (rows, H) in `dtype`
   */
  forward(features: Tensor, boxes: Tensor, dtype: DType, training: boolean): Tensor {
    const { featureDense, boxDense, featureLayerNorm, boxLayerNorm } = this;
    if (!training && dtype === 'float32' && canAnswerPacked(features, featureDense.weight)) {
      return packedRegions(features, boxes, [featureDense, featureLayerNorm], [boxDense, boxLayerNorm]);
    }
    return scope(() => {
      const fromFeatures = this.featureLayerNorm.forward(this.featureDense.forward(ops.to(features, dtype)));
      const fromBoxes = this.boxLayerNorm.forward(this.boxDense.forward(boxes));
      const mean = ops.div(ops.add(fromFeatures, ops.to(fromBoxes, dtype)), 2);
      return dropout(mean, this.config.hiddenDropout, training);
    });
  }
}
