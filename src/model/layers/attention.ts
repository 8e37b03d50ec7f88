/** @file Multi-head attention and the block around it: attention, dense, dropout, residual, LayerNorm. */

import type { Tensor } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';
import type { LxmertConfig } from '../config.js';
import { Module } from '../module.js';
import { dropout } from './dropout.js';
import { LayerNorm } from './layerNorm.js';
import { Linear } from './linear.js';

/** The result of an attention block; `probabilities` (B, heads, queries, keys) only when asked for. */
export interface AttentionResult {
  readonly output: Tensor;
  readonly probabilities: Tensor | undefined;
}

export interface AttentionOptions {
  readonly training: boolean;
  /** Return the probabilities, before dropout. */
  readonly wantProbabilities: boolean;
}

/** Query, key and value projections and the scaled dot product over heads. */
export class Attention extends Module {
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;

  constructor(readonly config: LxmertConfig) {
    super();
    const { hiddenSize, initializerRange } = config;
    this.query = this.child('query', new Linear(hiddenSize, hiddenSize, initializerRange));
    this.key = this.child('key', new Linear(hiddenSize, hiddenSize, initializerRange));
    this.value = this.child('value', new Linear(hiddenSize, hiddenSize, initializerRange));
  }

  /**
   * @param hidden (B, n, H): what asks
   * @param context (B, m, H): what is looked at
   * @param mask added to the scores, (B, 1, 1, m), or null
   * @returns (B, n, H)
   */
  forward(hidden: Tensor, context: Tensor, mask: Tensor | null, options: AttentionOptions): AttentionResult {
    const query = this.splitHeads(this.query.forward(hidden)); // (B, heads, n, H / heads)
    const key = this.splitHeads(this.key.forward(context)); // (B, heads, m, H / heads)
    const value = this.splitHeads(this.value.forward(context)); // (B, heads, m, H / heads)

    const headSize = this.config.hiddenSize / this.config.numAttentionHeads;
    let scores = ops.div(ops.matmul(query, ops.transpose(key, -1, -2)), Math.sqrt(headSize)); // (B, heads, n, m)
    if (mask !== null) scores = ops.add(scores, mask);
    const probabilities = ops.softmax(scores, -1);
    const weights = dropout(probabilities, this.config.attentionDropout, options.training);

    const [batchSize = 0, numQueries = 0] = hidden.shape;
    const output = ops.reshape(ops.transpose(ops.matmul(weights, value), 1, 2), [
      batchSize,
      numQueries,
      this.config.hiddenSize,
    ]); // (B, heads, n, H / heads) -> (B, n, heads, H / heads) -> (B, n, H)
    return { output, probabilities: options.wantProbabilities ? probabilities : undefined };
  }

  private splitHeads(x: Tensor): Tensor {
    const { numAttentionHeads, hiddenSize } = this.config;
    const [batchSize = 0, length = 0] = x.shape;
    const heads = ops.view(x, [batchSize, length, numAttentionHeads, hiddenSize / numAttentionHeads]);
    return ops.transpose(heads, 1, 2); // (B, n, H) -> (B, n, heads, H / heads) -> (B, heads, n, H / heads)
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

  forward(x: Tensor, residual: Tensor, training: boolean): Tensor {
    const projected = dropout(this.dense.forward(x), this.config.hiddenDropout, training);
    return this.layerNorm.forward(ops.add(projected, residual));
  }
}

/**
 * An attention sublayer. Self-attention and cross-attention differ in what is looked at and in the name that the
 * reference gives the inner part: `self` or `att`.
 */
export class AttentionBlock extends Module {
  readonly attention: Attention;
  readonly output: SublayerOutput;

  constructor(innerName: 'self' | 'att', config: LxmertConfig) {
    super();
    this.attention = this.child(innerName, new Attention(config));
    this.output = this.child('output', new SublayerOutput(config.hiddenSize, config));
  }

  forward(hidden: Tensor, context: Tensor, mask: Tensor | null, options: AttentionOptions): AttentionResult {
    const { output, probabilities } = this.attention.forward(hidden, context, mask, options);
    return { output: this.output.forward(output, hidden, options.training), probabilities };
  }
}
