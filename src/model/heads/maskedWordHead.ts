/** @file The head of masked language modelling: which word piece stands behind a mask. */

import type { Tensor } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';
import type { LxmertConfig } from '../config.js';
import { linear } from '../functional/linear.js';
import { Module } from '../module.js';
import { PredictionTransform } from './predictionTransform.js';

/** A transform, then the word embeddings themselves as the last layer's weight, with a bias of its own. */
export class MaskedWordHead extends Module {
  readonly transform: PredictionTransform;
  readonly bias: Tensor;

  constructor(config: LxmertConfig) {
    super();
    this.bias = this.parameter('bias', ops.zeros([config.vocabSize]));
    this.transform = this.child('transform', new PredictionTransform(config));
  }

  /**
   * @param rows (rows, H)
   * @param wordEmbeddings (vocabulary, H); this is their second use, so they get gradients from both
   * @returns (rows, vocabulary)
   */
  forward(rows: Tensor, wordEmbeddings: Tensor): Tensor {
    const weight = { tensor: wordEmbeddings, packed: undefined };
    return linear(this.transform.forward(rows), weight, this.bias);
  }
}
