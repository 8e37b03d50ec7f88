/** @file The three stacks: language layers, vision layers, cross-modality layers. */

import type { Tensor } from '../torch/index.js';
import type { LxmertConfig } from './config.js';
import type { AttentionOptions } from './layers/attention.js';
import { CrossLayer, type CrossLayerAttentions } from './layers/crossLayer.js';
import { TransformerLayer } from './layers/transformerLayer.js';
import { Module } from './module.js';
import { VisualFeatureEncoder } from './visualFeatureEncoder.js';

/** Attention probabilities of every layer, (B, heads, queries, keys) each. */
export interface EncoderAttentions {
  readonly language: readonly Tensor[];
  readonly vision: readonly Tensor[];
  readonly cross: readonly CrossLayerAttentions[];
}

export interface EncoderResult {
  readonly language: Tensor;
  readonly vision: Tensor | undefined;
  readonly attentions: EncoderAttentions | undefined;
}

export class Encoder extends Module {
  readonly visualFeatureEncoder: VisualFeatureEncoder;
  readonly languageLayers: readonly TransformerLayer[];
  readonly visionLayers: readonly TransformerLayer[];
  readonly crossLayers: readonly CrossLayer[];

  constructor(config: LxmertConfig) {
    super();
    // Registered in the reference's order, which is the order of its optimizer and files.
    this.visualFeatureEncoder = this.child('visn_fc', new VisualFeatureEncoder(config));
    const stack = <M extends Module>(name: string, count: number, make: () => M): M[] =>
      Array.from({ length: count }, (_, i) => this.child(`${name}.${i}`, make()));
    this.languageLayers = stack('layer', config.numLanguageLayers, () => new TransformerLayer(config));
    this.crossLayers = stack('x_layers', config.numCrossLayers, () => new CrossLayer(config));
    this.visionLayers = stack('r_layers', config.numVisionLayers, () => new TransformerLayer(config));
  }

  /**
   * @param language embedded words (B, n, H)
   * @param features (B, regions, F)
   * @param boxes (B, regions, 4)
   * @param needsVision false leaves out the vision side of the last cross-modality layer
   */
  forward(
    language: Tensor,
    languageMask: Tensor | null,
    features: Tensor,
    boxes: Tensor,
    visionMask: Tensor | null,
    needsVision: boolean,
    options: AttentionOptions,
  ): EncoderResult {
    const languageAttentions: Tensor[] = [];
    const visionAttentions: Tensor[] = [];
    const crossAttentions: CrossLayerAttentions[] = [];

    let words = language;
    for (const layer of this.languageLayers) {
      const result = layer.forward(words, languageMask, options);
      words = result.output;
      if (result.probabilities !== undefined) languageAttentions.push(result.probabilities);
    }
    let regions: Tensor | undefined = this.visualFeatureEncoder.forward(features, boxes, options.training);
    for (const layer of this.visionLayers) {
      const result = layer.forward(regions, visionMask, options);
      regions = result.output;
      if (result.probabilities !== undefined) visionAttentions.push(result.probabilities);
    }
    let visionInput: Tensor = regions;
    for (const [i, layer] of this.crossLayers.entries()) {
      const needsSide = needsVision || i + 1 < this.crossLayers.length;
      const result = layer.forward(words, languageMask, visionInput, visionMask, needsSide, options);
      words = result.language;
      regions = result.vision;
      if (result.vision !== undefined) visionInput = result.vision;
      if (result.attentions !== undefined) crossAttentions.push(result.attentions);
    }
    const attentions = options.wantProbabilities
      ? { language: languageAttentions, vision: visionAttentions, cross: crossAttentions }
      : undefined;
    return { language: words, vision: regions, attentions };
  }
}
