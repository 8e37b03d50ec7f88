/** @file The three stacks: language layers, vision layers, cross-modality layers. */

import type { DType, Tensor } from '../torch/index.js';
import type { LxmertConfig } from './config.js';
import {
  canAnswerPacked,
  type PackedLayersSettings,
  type PackedStream,
  packedCrossLayers,
  packedLayers,
} from './functional/packedLayers.js';
import type { AttentionOptions } from './layers/attention.js';
import { CrossLayer, type CrossLayerProbabilities } from './layers/crossLayer.js';
import { TransformerLayer } from './layers/transformerLayer.js';
import type { DenseWeight } from './leaf.js';
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

/** Both streams after the cross-modality layers, without padding. */
export interface EncoderResult {
  /** (language rows, H); undefined when only the first words were asked for */
  readonly language: Tensor | undefined;
  /** (vision rows, H); likewise */
  readonly vision: Tensor | undefined;
  /** The first word of each sentence, (B, H) */
  readonly firstWords: Tensor;
}

/** The visual feature encoder, and the layers of the language, the vision and the cross-modality encoder. */
export class Encoder extends Module {
  readonly visualFeatureEncoder: VisualFeatureEncoder;
  readonly languageLayers: readonly TransformerLayer[];
  readonly visionLayers: readonly TransformerLayer[];
  readonly crossLayers: readonly CrossLayer[];
  /** One of each layer: they are packed together. */
  readonly #firstWeights: readonly DenseWeight[];

  constructor(readonly config: LxmertConfig) {
    super();
    // Registered in the reference's order, which is the order of its optimizer and files.
    this.visualFeatureEncoder = this.child('visn_fc', new VisualFeatureEncoder(config));
    const stack = <M extends Module>(name: string, count: number, make: () => M): M[] =>
      Array.from({ length: count }, (_, i) => this.child(`${name}.${i}`, make()));
    this.languageLayers = stack('layer', config.numLanguageLayers, () => new TransformerLayer(config));
    this.crossLayers = stack('x_layers', config.numCrossLayers, () => new CrossLayer(config));
    this.visionLayers = stack('r_layers', config.numVisionLayers, () => new TransformerLayer(config));
    const layers = [...this.languageLayers, ...this.visionLayers, ...this.crossLayers];
    this.#firstWeights = layers.flatMap(({ sublayers: [first] }) => first?.dense[0].weight ?? []);
  }

  /** The language layers: embedded words (rows, H) -> (rows, H) */
  encodeLanguage(
    words: StreamRows,
    options: AttentionOptions,
    probabilities: EncoderProbabilities,
  ): StreamRows {
    return this.#runStack(this.languageLayers, words, options, probabilities.language);
  }

  /**
   * Both streams up to where they meet, beside each other: while one waits for memory the other computes. Only where
   * {@link answersPacked}.
   */
  encodeBeside(words: StreamRows, regions: StreamRows): { language: StreamRows; vision: StreamRows } {
    const streams = [streamOf(words, this.languageLayers), streamOf(regions, this.visionLayers)];
    const [language, vision] = packedLayers(streams, this.#settings()) as [Tensor, Tensor];
    return {
      language: { rows: language, packing: words.packing },
      vision: { rows: vision, packing: regions.packing },
    };
  }

  /** True when whole stacks of layers are one call for such rows. */
  answersPacked(rows: Tensor, options: AttentionOptions): boolean {
    const [first] = this.#firstWeights;
    return (
      !options.training &&
      !options.wantProbabilities &&
      first !== undefined &&
      this.#firstWeights.every(({ packed }) => packed !== undefined) &&
      canAnswerPacked(rows, first)
    );
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
    return this.#runStack(this.visionLayers, { rows, packing }, options, probabilities.vision);
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
    if (this.answersPacked(words.rows, options)) return this.#crossPacked(words, regions, outputs);
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

  #runStack(
    layers: readonly TransformerLayer[],
    input: StreamRows,
    options: AttentionOptions,
    probabilities: (readonly Tensor[])[],
  ): StreamRows {
    if (this.answersPacked(input.rows, options)) {
      const [packed] = packedLayers([streamOf(input, layers)], this.#settings()) as [Tensor];
      return { rows: packed, packing: input.packing };
    }
    const segments = Segments.within(input.packing);
    let { rows } = input;
    for (const layer of layers) {
      const result = layer.forward(rows, segments, options);
      rows = result.output;
      if (result.probabilities !== undefined) probabilities.push(result.probabilities);
    }
    return { rows, packing: input.packing };
  }

  #crossPacked(words: StreamRows, regions: StreamRows, outputs: 'all' | 'pooled'): EncoderResult {
    const last = outputs === 'pooled' ? this.crossLayers.at(-1) : undefined;
    const whole = last === undefined ? this.crossLayers : this.crossLayers.slice(0, -1);
    const [first, second] = packedCrossLayers(
      words,
      regions,
      whole.flatMap((layer) => layer.sublayers),
      last?.sublayersOfFirstWords,
      this.#settings(),
    );
    if (first === undefined) throw new RangeError('The layers gave no rows.');
    if (last !== undefined) return { language: undefined, vision: undefined, firstWords: first };
    return { language: first, vision: second, firstWords: firstRows(first, words.packing) };
  }

  #settings(): PackedLayersSettings {
    return { numHeads: this.config.numAttentionHeads, eps: this.config.layerNormEps };
  }
}

function streamOf({ rows, packing }: StreamRows, layers: readonly TransformerLayer[]): PackedStream {
  return { rows, packing, sublayers: layers.flatMap((layer) => layer.sublayers) };
}
