/** @file A cross-modality layer (paper, section 2.2). */

import { scope, type Tensor } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';
import type { LxmertConfig } from '../config.js';
import type { SublayerParameters } from '../functional/packedLayers.js';
import { Module } from '../module.js';
import { firstRows, type Packing, Segments } from '../packing.js';
import { AttentionBlock, type AttentionOptions } from './attention.js';
import { feedForwardParameters, Intermediate, SublayerOutput } from './feedForward.js';

/** Attention probabilities of one cross-modality layer: of each example (heads, queries, keys). */
export interface CrossLayerProbabilities {
  /** Each word's attention on the regions. */
  readonly languageToVision: readonly Tensor[];
  /** Each region's attention on the words. */
  readonly visionToLanguage: readonly Tensor[];
  readonly languageSelf: readonly Tensor[];
  readonly visionSelf: readonly Tensor[];
}

export interface CrossLayerResult {
  /** (language rows, H) */
  readonly language: Tensor;
  /** (vision rows, H) */
  readonly vision: Tensor;
  readonly probabilities: CrossLayerProbabilities | undefined;
}

/**
 * Cross-attention in both directions through one shared module, reading the layer's inputs; then self-attention
 * and feed-forward for each side.
 */
export class CrossLayer extends Module {
  readonly crossAttention: AttentionBlock;
  readonly languageSelfAttention: AttentionBlock;
  readonly visionSelfAttention: AttentionBlock;
  readonly languageIntermediate: Intermediate;
  readonly languageOutput: SublayerOutput;
  readonly visionIntermediate: Intermediate;
  readonly visionOutput: SublayerOutput;

  constructor(config: LxmertConfig) {
    super();
    this.crossAttention = this.child('visual_attention', new AttentionBlock('att', config));
    this.languageSelfAttention = this.child('lang_self_att', new AttentionBlock('self', config));
    this.visionSelfAttention = this.child('visn_self_att', new AttentionBlock('self', config));
    this.languageIntermediate = this.child('lang_inter', new Intermediate(config));
    this.languageOutput = this.child('lang_output', new SublayerOutput(config.intermediateSize, config));
    this.visionIntermediate = this.child('visn_inter', new Intermediate(config));
    this.visionOutput = this.child('visn_output', new SublayerOutput(config.intermediateSize, config));
  }

  /** What it computes with, for `functional/packedLayers.ts`. */
  get sublayers(): readonly SublayerParameters[] {
    return [
      this.crossAttention.parameters,
      this.languageSelfAttention.parameters,
      this.visionSelfAttention.parameters,
      feedForwardParameters(this.languageIntermediate, this.languageOutput),
      feedForwardParameters(this.visionIntermediate, this.visionOutput),
    ];
  }

  /** Those that the first words depend on. */
  get sublayersOfFirstWords(): readonly SublayerParameters[] {
    return [
      this.crossAttention.parameters,
      this.languageSelfAttention.parameters,
      feedForwardParameters(this.languageIntermediate, this.languageOutput),
    ];
  }

  /**
   * Both sides. The two directions share their weights, so the rows of both go through one projection.
   *
   * @param language (language rows, H)
   * @param vision (vision rows, H)
   */
  forward(
    language: Tensor,
    languagePacking: Packing,
    vision: Tensor,
    visionPacking: Packing,
    options: AttentionOptions,
  ): CrossLayerResult {
    return scope(() => {
      const joined = ops.cat([language, vision], 0); // (language rows + vision rows, H)
      const bothWays = Segments.bothWays(languagePacking, visionPacking);
      const cross = this.crossAttention.within(joined, bothWays, options);
      const rows = [languagePacking.numRows, visionPacking.numRows];
      const [words, regions] = ops.split(cross.output, rows, 0) as [Tensor, Tensor];
      const languageSelf = this.languageSelfAttention.within(
        words,
        Segments.within(languagePacking),
        options,
      );
      const visionSelf = this.visionSelfAttention.within(regions, Segments.within(visionPacking), options);
      const numExamples = languagePacking.lengths.length;
      return {
        language: this.languageFeedForward(languageSelf.output, options.training),
        vision: this.visionOutput.forward(
          this.visionIntermediate.forward(visionSelf.output),
          visionSelf.output,
          options.training,
        ),
        probabilities: options.wantProbabilities
          ? {
              languageToVision: cross.probabilities?.slice(0, numExamples) ?? [],
              visionToLanguage: cross.probabilities?.slice(numExamples) ?? [],
              languageSelf: languageSelf.probabilities ?? [],
              visionSelf: visionSelf.probabilities ?? [],
            }
          : undefined,
      };
    });
  }

  /**
   * Only the first word of each sentence, [CLS]: what the last layer's pooled vector depends on. No other word needs
   * its feed-forward, no word but the first asks in self-attention, and nothing reads the regions.
   *
   * @returns (B, H)
   */
  forwardFirstWords(
    language: Tensor,
    languagePacking: Packing,
    vision: Tensor,
    visionPacking: Packing,
    options: AttentionOptions,
  ): Tensor {
    return scope(() => {
      const toVision = Segments.between(languagePacking, visionPacking);
      const cross = this.crossAttention.between(language, vision, toVision, options);
      const first = firstRows(cross.output, languagePacking); // (B, H)
      const self = this.languageSelfAttention.between(
        first,
        cross.output,
        Segments.firstRows(languagePacking),
        options,
      );
      return this.languageFeedForward(self.output, options.training);
    });
  }

  private languageFeedForward(rows: Tensor, training: boolean): Tensor {
    return this.languageOutput.forward(this.languageIntermediate.forward(rows), rows, training);
  }
}
