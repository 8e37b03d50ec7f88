/** @file A BERT layer: the language stream and the vision ("relational") stream are stacks of it. */

import type { Tensor } from '../../torch/index.js';
import type { LxmertConfig } from '../config.js';
import { Module } from '../module.js';
import { AttentionBlock, type AttentionOptions, type AttentionResult, SublayerOutput } from './attention.js';
import { Intermediate } from './feedForward.js';

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

  /** (B, n, H) -> (B, n, H) */
  forward(hidden: Tensor, mask: Tensor | null, options: AttentionOptions): AttentionResult {
    const attended = this.attention.forward(hidden, hidden, mask, options);
    const output = this.output.forward(
      this.intermediate.forward(attended.output),
      attended.output,
      options.training,
    );
    return { output, probabilities: attended.probabilities };
  }
}
