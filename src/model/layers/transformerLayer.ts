/** @file A BERT layer: the language stream and the vision ("relational") stream are stacks of it. */

import { scope, type Tensor } from '../../torch/index.js';
import type { LxmertConfig } from '../config.js';
import type { SublayerParameters } from '../functional/packedLayers.js';
import { Module } from '../module.js';
import type { Segments } from '../packing.js';
import { AttentionBlock, type AttentionOptions, type AttentionResult } from './attention.js';
import { feedForwardParameters, Intermediate, SublayerOutput } from './feedForward.js';

/** Self-attention and a feed-forward sublayer. */
export class TransformerLayer extends Module {
  readonly attention: AttentionBlock;
  readonly intermediate: Intermediate;
  readonly output: SublayerOutput;

  constructor(config: LxmertConfig) {
    super();
    this.attention = this.child('attention', new AttentionBlock('self', config));
    this.intermediate = this.child('intermediate', new Intermediate(config));
    this.output = this.child('output', new SublayerOutput(config.intermediateSize, config));
  }

  /** What it computes with, for `functional/packedLayers.ts`. */
  get sublayers(): readonly SublayerParameters[] {
    return [this.attention.parameters, feedForwardParameters(this.intermediate, this.output)];
  }

  /** (rows, H) -> (rows, H) */
  forward(rows: Tensor, segments: Segments, options: AttentionOptions): AttentionResult {
    // A scope for each layer: what only this layer needs ends with it, not with the whole pass.
    return scope(() => {
      const attended = this.attention.within(rows, segments, options);
      const inner = this.intermediate.forward(attended.output);
      const output = this.output.forward(inner, attended.output, options.training);
      return { output, probabilities: attended.probabilities };
    });
  }
}
