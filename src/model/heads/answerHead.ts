/** @file The answer classifier on top of the pooled vector. */

import type { Tensor } from '../../torch/index.js';
import type { LxmertConfig } from '../config.js';
import { LayerNorm } from '../layers/layerNorm.js';
import { Linear } from '../layers/linear.js';
import { Module } from '../module.js';

/**
 * Linear to 2H, GELU, LayerNorm, Linear to the answers; no dropout. The NLVR2 head has the same form over two
 * pooled vectors, so its input is 2H wide.
 */
export class AnswerHead extends Module {
  readonly dense: Linear;
  readonly layerNorm: LayerNorm;
  readonly classifier: Linear;

  constructor(config: LxmertConfig, numAnswers: number, inputSize: number = config.hiddenSize) {
    super();
    const { hiddenSize, initializerRange: std } = config;
    // The numbers are places in the reference's sequence; place 1 is the GELU.
    this.dense = this.child('logit_fc.0', new Linear(inputSize, 2 * hiddenSize, std, { isHead: true }));
    this.layerNorm = this.child('logit_fc.2', new LayerNorm(2 * hiddenSize, 1e-12));
    this.classifier = this.child('logit_fc.3', new Linear(2 * hiddenSize, numAnswers, std, { isHead: true }));
  }

  /** (B, input) -> (B, answers) */
  forward(pooled: Tensor): Tensor {
    return this.classifier.forward(this.layerNorm.forward(this.dense.forwardGelu(pooled)));
  }
}
