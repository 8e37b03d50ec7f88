/** @file A cross-modality layer (paper, section 2.2). */

import type { Tensor } from '../../torch/index.js';
import type { LxmertConfig } from '../config.js';
import { Module } from '../module.js';
import { AttentionBlock, type AttentionOptions, SublayerOutput } from './attention.js';
import { Intermediate } from './feedForward.js';

/** Attention probabilities of one cross-modality layer, each (B, heads, queries, keys). */
export interface CrossLayerAttentions {
  /** Each word's attention on the regions. */
  readonly languageToVision: Tensor;
  /** Each region's attention on the words; absent where the layer's vision side was not computed. */
  readonly visionToLanguage: Tensor | undefined;
  readonly languageSelf: Tensor;
  readonly visionSelf: Tensor | undefined;
}

export interface CrossLayerResult {
  readonly language: Tensor;
  /** Undefined when only the language side was asked for. */
  readonly vision: Tensor | undefined;
  readonly attentions: CrossLayerAttentions | undefined;
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

  /**
   * @param language (B, n, H)
   * @param vision (B, regions, H)
   * @param needsVision false leaves the vision side out: nothing reads the last layer's in VQA, GQA and NLVR2
   */
  forward(
    language: Tensor,
    languageMask: Tensor | null,
    vision: Tensor,
    visionMask: Tensor | null,
    needsVision: boolean,
    options: AttentionOptions,
  ): CrossLayerResult {
    const { training } = options;
    const languageCross = this.crossAttention.forward(language, vision, visionMask, options);
    const languageSelf = this.languageSelfAttention.forward(
      languageCross.output,
      languageCross.output,
      languageMask,
      options,
    );
    const languageResult = this.languageOutput.forward(
      this.languageIntermediate.forward(languageSelf.output),
      languageSelf.output,
      training,
    );
    const visionSide = needsVision
      ? this.visionSide(vision, visionMask, language, languageMask, options)
      : undefined;
    const attentions =
      languageCross.probabilities === undefined || languageSelf.probabilities === undefined
        ? undefined
        : {
            languageToVision: languageCross.probabilities,
            visionToLanguage: visionSide?.crossProbabilities,
            languageSelf: languageSelf.probabilities,
            visionSelf: visionSide?.selfProbabilities,
          };
    return { language: languageResult, vision: visionSide?.output, attentions };
  }

  private visionSide(
    vision: Tensor,
    visionMask: Tensor | null,
    language: Tensor,
    languageMask: Tensor | null,
    options: AttentionOptions,
  ) {
    const cross = this.crossAttention.forward(vision, language, languageMask, options);
    const self = this.visionSelfAttention.forward(cross.output, cross.output, visionMask, options);
    const output = this.visionOutput.forward(
      this.visionIntermediate.forward(self.output),
      self.output,
      options.training,
    );
    return { output, crossProbabilities: cross.probabilities, selfProbabilities: self.probabilities };
  }
}
