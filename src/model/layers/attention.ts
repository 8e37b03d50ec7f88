/** @file Multi-head attention and the block around it: attention, dense, dropout, residual, LayerNorm. */

import type { Tensor } from '../../torch/index.js';
import type { LxmertConfig } from '../config.js';
import { type AttentionRows, crossAttention, selfAttention } from '../functional/attention.js';
import type { SublayerParameters } from '../functional/packedLayers.js';
import { Module } from '../module.js';
import type { Segments } from '../packing.js';
import { SublayerOutput } from './feedForward.js';
import { JoinedLinear } from './linear.js';

/** The result of an attention block. */
export interface AttentionResult {
  /** (query rows, H) */
  readonly output: Tensor;
  /** Of each segment (heads, queries, keys), before dropout; only when asked for. */
  readonly probabilities: readonly Tensor[] | undefined;
}

export interface AttentionOptions {
  readonly training: boolean;
  /** Return the probabilities, before dropout. */
  readonly wantProbabilities: boolean;
}

/** Query, key and value projections and the scaled dot product over heads. */
export class Attention extends Module {
  readonly projections: JoinedLinear;

  constructor(readonly config: LxmertConfig) {
    super();
    const { hiddenSize, initializerRange } = config;
    // The empty name: its parameters are this module's own, as in files.
    this.projections = this.child(
      '',
      new JoinedLinear(['query', 'key', 'value'], hiddenSize, hiddenSize, initializerRange),
    );
  }

  /** Rows attend to rows of the same tensor: (rows, H) -> (rows, H) */
  within(rows: Tensor, segments: Segments, options: AttentionOptions): AttentionRows {
    const projected = this.projections.forward(rows, 0, 3); // (rows, 3H)
    return selfAttention(projected, segments, this.settings(options));
  }

  /** Rows attend to others: hidden (rows, H), context (other rows, H) -> (rows, H) */
  between(hidden: Tensor, context: Tensor, segments: Segments, options: AttentionOptions): AttentionRows {
    const queries = this.projections.forward(hidden, 0, 1); // (rows, H)
    const keysValues = this.projections.forward(context, 1, 2); // (other rows, 2H)
    return crossAttention(queries, keysValues, segments, this.settings(options));
  }

  private settings({ training, wantProbabilities }: AttentionOptions) {
    const { numAttentionHeads, attentionDropout } = this.config;
    return { numHeads: numAttentionHeads, dropout: training ? attentionDropout : 0, wantProbabilities };
  }
}

/**
 * An attention sublayer. Self-attention and cross-attention differ in what is attended to and in the name that the
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

  /** What it computes with, for `functional/packedLayers.ts`. */
  get parameters(): SublayerParameters {
    const { dense, layerNorm } = this.output;
    return { dense: [this.attention.projections, dense], norm: layerNorm };
  }

  /** (rows, H) -> (rows, H) */
  within(rows: Tensor, segments: Segments, options: AttentionOptions): AttentionResult {
    const { context, probabilities } = this.attention.within(rows, segments, options);
    return { output: this.output.forward(context, rows, options.training), probabilities };
  }

  /** hidden (rows, H), context (other rows, H) -> (rows, H) */
  between(hidden: Tensor, context: Tensor, segments: Segments, options: AttentionOptions): AttentionResult {
    const attended = this.attention.between(hidden, context, segments, options);
    const output = this.output.forward(attended.context, hidden, options.training);
    return { output, probabilities: attended.probabilities };
  }
}
