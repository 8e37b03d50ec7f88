/** @file The three stacks: language layers, vision layers, cross-modality layers. */

import type { DType, Tensor } from '../torch/index.js';
import type { LxmertConfig } from './config.js';
import type { AttentionOptions } from './layers/attention.js';
import { CrossLayer, type CrossLayerProbabilities } from './layers/crossLayer.js';
import { TransformerLayer } from './layers/transformerLayer.js';
import { Module } from './module.js';
import { firstRows, type Packing, Segments } from './packing.js';
import { VisualFeatureEncoder } from './visualFeatureEncoder.js';

/** Rows of a stream and where its sequences lie. */
export interface StreamRows {
  /** (rows, H) */
  readonly rows: Tensor;
  readonly packing: Packing;
}

/** Attention probabilities of every layer so far: of each example (heads, queries, keys). */
export interface EncoderProbabilities {
  readonly language: (readonly Tensor[])[];
  readonly vision: (readonly Tensor[])[];
  readonly cross: CrossLayerProbabilities[];
}

export interface EncoderResult {
  /** (language rows, H); undefined when only the first words were asked for */
  readonly language: Tensor | undefined;
  /** (vision rows, H); likewise */
  readonly vision: Tensor | undefined;
  /** The first word of each sentence, (B, H) */
  readonly firstWords: Tensor;
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

  /** The language layers: embedded words (rows, H) -> (rows, H) */
  encodeLanguage(
    words: StreamRows,
    options: AttentionOptions,
    probabilities: EncoderProbabilities,
  ): StreamRows {
    return runStack(this.languageLayers, words, options, probabilities.language);
  }

  /**
   * Everything about the regions that does not depend on a sentence.
   *
   * @param features (rows, F)
   * @param boxes (rows, 4)
   */
  encodeVision(
    features: Tensor,
    boxes: Tensor,
    packing: Packing,
    dtype: DType,
    options: AttentionOptions,
    probabilities: EncoderProbabilities,
  ): StreamRows {
    const rows = this.visualFeatureEncoder.forward(features, boxes, dtype, options.training);
    return runStack(this.visionLayers, { rows, packing }, options, probabilities.vision);
  }

  /**
   * The cross-modality layers.
   *
   * @param outputs `pooled` computes in the last layer only what the first word of each sentence depends on
   */
  encodeCross(
    words: StreamRows,
    regions: StreamRows,
    outputs: 'all' | 'pooled',
    options: AttentionOptions,
    probabilities: EncoderProbabilities,
  ): EncoderResult {
    let language = words.rows;
    let vision = regions.rows;
    for (const [i, layer] of this.crossLayers.entries()) {
      if (outputs === 'pooled' && i + 1 === this.crossLayers.length) {
        const first = layer.forwardFirstWords(language, words.packing, vision, regions.packing, options);
        return { language: undefined, vision: undefined, firstWords: first };
      }
      const result = layer.forward(language, words.packing, vision, regions.packing, options);
      ({ language, vision } = result);
      if (result.probabilities !== undefined) probabilities.cross.push(result.probabilities);
    }
    return { language, vision, firstWords: firstRows(language, words.packing) };
  }
}

function runStack(
  layers: readonly TransformerLayer[],
  input: StreamRows,
  options: AttentionOptions,
  probabilities: (readonly Tensor[])[],
): StreamRows {
  const segments = Segments.within(input.packing);
  let { rows } = input;
  for (const layer of layers) {
    const result = layer.forward(rows, segments, options);
    rows = result.output;
    if (result.probabilities !== undefined) probabilities.push(result.probabilities);
  }
  return { rows, packing: input.packing };
}
