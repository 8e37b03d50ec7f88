/** @file The encoder as the tasks see it: sentence and regions in, named outputs out. */

import type { Tensor } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';
import type { LxmertConfig } from './config.js';
import { Embeddings } from './embeddings.js';
import { Encoder, type EncoderAttentions } from './encoder.js';
import { Linear } from './layers/linear.js';
import { Module } from './module.js';

/** One batch of sentences and regions. */
export interface LxmertInputs {
  /** (B, n) int32 or int64 */
  readonly inputIds: Tensor;
  /** (B, n), all 0 in every task */
  readonly tokenTypeIds: Tensor;
  /** (B, n): 1 for a piece, 0 for padding */
  readonly attentionMask: Tensor;
  /** (B, regions, F) float32 */
  readonly features: Tensor;
  /** (B, regions, 4): x1, y1, x2, y2 divided by width and height */
  readonly boxes: Tensor;
  /** (B, regions): 1 for a region, 0 for padding; absent in every task of the reference */
  readonly visualAttentionMask?: Tensor | undefined;
}

export interface LxmertOptions {
  /** Dropout is on. */
  readonly training?: boolean;
  /** Return the attention probabilities of every layer, before dropout. */
  readonly attentions?: boolean;
  /**
   * `pooled` leaves out what the pooled vector does not depend on: the vision side of the last cross-modality
   * layer. Its parameters then get no gradient, as in the reference's fine-tuning.
   */
  readonly outputs?: 'all' | 'pooled';
}

export interface LxmertOutputs {
  /** (B, n, H) */
  readonly language: Tensor;
  /** (B, regions, H); undefined with `outputs: 'pooled'` */
  readonly vision: Tensor | undefined;
  /** (B, H): tanh of a dense layer over the first word piece, [CLS] */
  readonly pooled: Tensor;
  readonly attentions: EncoderAttentions | undefined;
}

/** What the reference adds to the score of a masked position. */
const MASKED_SCORE = -10000;

class Pooler extends Module {
  readonly dense: Linear;

  constructor(config: LxmertConfig) {
    super();
    this.dense = this.child(
      'dense',
      new Linear(config.hiddenSize, config.hiddenSize, config.initializerRange),
    );
  }

  forward(language: Tensor): Tensor {
    return ops.tanh(this.dense.forward(ops.select(language, 1, 0))); // (B, n, H) -> (B, H)
  }
}

export class Lxmert extends Module {
  readonly embeddings: Embeddings;
  readonly encoder: Encoder;
  readonly pooler: Pooler;

  constructor(readonly config: LxmertConfig) {
    super();
    this.embeddings = this.child('embeddings', new Embeddings(config));
    this.encoder = this.child('encoder', new Encoder(config));
    this.pooler = this.child('pooler', new Pooler(config));
  }

  forward(inputs: LxmertInputs, options: LxmertOptions = {}): LxmertOutputs {
    const { training = false, attentions = false, outputs = 'all' } = options;
    const embedded = this.embeddings.forward(inputs.inputIds, inputs.tokenTypeIds, training);
    const visualMask = inputs.visualAttentionMask;
    const result = this.encoder.forward(
      embedded,
      additiveMask(inputs.attentionMask, embedded),
      inputs.features,
      inputs.boxes,
      visualMask === undefined ? null : additiveMask(visualMask, embedded),
      outputs === 'all',
      { training, wantProbabilities: attentions },
    );
    return { ...result, pooled: this.pooler.forward(result.language) };
  }
}

/** (B, n) of 1 and 0 -> (B, 1, 1, n) of 0 and -10000, in the dtype of `like`. */
function additiveMask(mask: Tensor, like: Tensor): Tensor {
  const wide = ops.unsqueeze(ops.unsqueeze(ops.to(mask, like.dtype), 1), 2);
  return ops.mul(ops.sub(wide, 1), -MASKED_SCORE);
}
