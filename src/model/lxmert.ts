/** @file The encoder as the tasks see it: sentence and regions in, named outputs out. */

import { type DType, scope, type Tensor } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';
import { type EncoderAttentions, namedAttentions } from './attentionMaps.js';
import type { LxmertConfig } from './config.js';
import { Embeddings } from './embeddings.js';
import { Encoder, type EncoderProbabilities, type StreamRows } from './encoder.js';
import type { AttentionOptions } from './layers/attention.js';
import { Linear } from './layers/linear.js';
import { Module } from './module.js';
import { type PaddingRule, type Repetition, repetitionOf, unpack } from './packing.js';
import {
  type ImageInputs,
  type LxmertInputs,
  type PlacedImages,
  type PlacedInputs,
  type PlacedSentences,
  type PlaceOptions,
  placeImages,
  placeInputs,
  placeSentences,
  type SentenceInputs,
} from './placedInputs.js';

/** The formats that numbers between layers may have; master weights and sums within a layer stay float32. */
export const PRECISIONS = ['float32', 'bfloat16', 'float16'] as const;
/** A format of the numbers between layers. */
export type Precision = (typeof PRECISIONS)[number];

/** What is computed beside the pooled vector, and how. */
export interface LxmertOptions {
  /** Dropout is on. */
  readonly training?: boolean;
  /** Return the attention probabilities of every layer, before dropout. */
  readonly attentions?: boolean;
  /**
   * `pooled` leaves out what the pooled vector does not depend on: in the last cross-modality layer the vision side,
   * and all words but the first. Parameters of the vision side then get no gradient, as in the reference's
   * fine-tuning.
   */
  readonly outputs?: 'all' | 'pooled';
  /**
   * `kept` computes outputs at padding too, as the reference does; nothing attends to them. By default they are zeros
   * and cost nothing.
   */
  readonly padding?: PaddingRule;
}

/** What {@link LxmertModel.forward} gives: B sentences of n word pieces. */
export interface LxmertOutputs {
  /** (B, n, H) float32; undefined with `outputs: 'pooled'` */
  readonly language: Tensor | undefined;
  /** (B, regions, H) float32; undefined with `outputs: 'pooled'` */
  readonly vision: Tensor | undefined;
  /** (B, H) in the model's precision: tanh of a dense layer over the first word piece, [CLS] */
  readonly pooled: Tensor;
  readonly attentions: EncoderAttentions | undefined;
  /** The same probabilities as the layers computed them: gradients with respect to these exist. */
  readonly probabilities: EncoderProbabilities | undefined;
}

/** What {@link LxmertModel.forwardRows} gives: rows without padding, in the model's precision. */
export interface LxmertRows {
  readonly language: StreamRows;
  readonly vision: StreamRows;
  /** (B, H) */
  readonly pooled: Tensor;
}

/** The vision stream of some images before it meets a sentence: can be kept and used for many. */
export type EncodedImages = StreamRows;

/** Both streams before they meet. */
interface EncodedStreams {
  readonly sentence: StreamRows;
  readonly images: StreamRows;
}

/** Which sentence and which image each example has. */
type ExamplePlaces = Partial<Pick<PlacedInputs, 'words' | 'regions'>>;

/** A dense layer and tanh over the first word piece of each sentence, as BERT's. */
export class Pooler extends Module {
  readonly dense: Linear;

  constructor(config: LxmertConfig) {
    super();
    this.dense = this.child(
      'dense',
      new Linear(config.hiddenSize, config.hiddenSize, config.initializerRange, { isHead: true }),
    );
  }

  /** (B, H) -> (B, H) */
  forward(firstWords: Tensor): Tensor {
    return ops.tanh(this.dense.forward(firstWords));
  }
}

/**
 * LXMERT (Tan and Bansal, 2019, https://arxiv.org/abs/1908.07490): sentences and the regions of their images in, both streams
 * and the pooled vector out. Without heads; {@link TaskModel} and {@link PretrainingModel} have them.
 */
export class LxmertModel extends Module {
  readonly embeddings: Embeddings;
  readonly encoder: Encoder;
  readonly pooler: Pooler;
  /** May be changed at any time. */
  precision: Precision = 'float32';

  constructor(readonly config: LxmertConfig) {
    super();
    this.embeddings = this.child('embeddings', new Embeddings(config));
    this.encoder = this.child('encoder', new Encoder(config));
    this.pooler = this.child('pooler', new Pooler(config));
  }

  /** Brings a batch to where the model computes. Call it inside a scope. */
  place(inputs: LxmertInputs, options: PlaceOptions = {}): PlacedInputs {
    return placeInputs(inputs, this.device, options);
  }

  /**
   * @param inputs B sentences of n word pieces, and their images; shapes as {@link SentenceInputs} and {@link ImageInputs} say
   * @returns tensors of the caller's
   */
  forward(inputs: LxmertInputs, options: LxmertOptions = {}): LxmertOutputs {
    const { result } = scope(() => {
      const placed = this.place(inputs, options);
      return { result: this.forwardPlaced(placed, options) };
    });
    return result;
  }

  /** As {@link forward}; nothing in it waits for the device. */
  forwardPlaced(inputs: PlacedInputs, options: LxmertOptions = {}): LxmertOutputs {
    const probabilities = emptyProbabilities();
    const streams = this.#encodeBoth(inputs, options, probabilities);
    return this.#answer(streams, inputs, options, probabilities);
  }

  /** The rows of both streams as they are, for heads that read only some of them. */
  forwardRows(inputs: PlacedInputs, options: Pick<LxmertOptions, 'training'> = {}): LxmertRows {
    const probabilities = emptyProbabilities();
    const streams = this.#encodeBoth(inputs, options, probabilities);
    const { words, regions, result } = this.#meet(streams, inputs, options, probabilities);
    const { language, vision, firstWords } = result;
    if (language === undefined || vision === undefined) throw new RangeError('Both streams were asked for.');
    return {
      language: { rows: language, packing: words.packing },
      vision: { rows: vision, packing: regions.packing },
      pooled: this.pooler.forward(firstWords),
    };
  }

  /** The part of {@link forward} that depends on the images alone. */
  encodeImages(images: ImageInputs): EncodedImages {
    const { encoded } = scope(() => ({
      encoded: this.#encodeImages(placeImages(images, this.device), {}, emptyProbabilities()),
    }));
    return encoded;
  }

  /**
   * The rest of {@link forward} for images that were encoded before.
   *
   * @param imageOf the place of each sentence's image among them; absent when each has its own
   */
  forwardEncoded(
    sentences: SentenceInputs,
    images: EncodedImages,
    imageOf?: readonly number[],
    options: Omit<LxmertOptions, 'attentions'> = {},
  ): LxmertOutputs {
    const { outputs } = scope(() => {
      const regions = imageOf && repetitionOf(images.packing, imageOf, this.device);
      const placed = placeSentences(sentences, this.device, options);
      const probabilities = emptyProbabilities();
      const sentence = this.#encodeSentences(placed, options, probabilities);
      return { outputs: this.#answer({ sentence, images }, { regions }, options, probabilities) };
    });
    return outputs;
  }

  #encodeImages(
    { features, boxes, packing }: PlacedImages,
    options: LxmertOptions,
    probabilities: EncoderProbabilities,
  ): StreamRows {
    const { images } = scope(() => ({
      images: this.encoder.encodeVision(
        features,
        boxes,
        packing,
        this.precision,
        attentionOptions(options),
        probabilities,
      ),
      probabilities,
    }));
    return images;
  }

  /** Each stream by itself, beside each other where that is one call. */
  #encodeBoth(
    { images, sentences }: PlacedInputs,
    options: LxmertOptions,
    probabilities: EncoderProbabilities,
  ): EncodedStreams {
    const attention = attentionOptions(options);
    const { features, boxes, packing } = images;
    if (this.precision === 'float32' && this.encoder.answersPacked(features, attention)) {
      const rows = this.encoder.visualFeatureEncoder.forward(features, boxes, 'float32', false);
      const { language, vision } = this.encoder.encodeBeside(this.#embed(sentences, options), {
        rows,
        packing,
      });
      return { sentence: language, images: vision };
    }
    // Images first: the order in which a training draws its dropout.
    const encoded = this.#encodeImages(images, options, probabilities);
    return { sentence: this.#encodeSentences(sentences, options, probabilities), images: encoded };
  }

  #encodeSentences(
    sentences: PlacedSentences,
    options: LxmertOptions,
    probabilities: EncoderProbabilities,
  ): StreamRows {
    const embedded = this.#embed(sentences, options);
    return this.encoder.encodeLanguage(embedded, attentionOptions(options), probabilities);
  }

  #answer(
    { sentence, images }: EncodedStreams,
    places: ExamplePlaces,
    options: LxmertOptions,
    probabilities: EncoderProbabilities,
  ): LxmertOutputs {
    const { words, regions, result } = this.#meet({ sentence, images }, places, options, probabilities);
    const float32 = (rows: Tensor | undefined, packing: StreamRows['packing']): Tensor | undefined =>
      rows && ops.to(unpack(rows, packing), FLOAT32);
    return {
      language: float32(result.language, words.packing),
      vision: float32(result.vision, regions.packing),
      pooled: this.pooler.forward(result.firstWords),
      attentions:
        options.attentions === true
          ? namedAttentions(probabilities, sentence.packing, images.packing, words.packing, regions.packing)
          : undefined,
      probabilities: options.attentions === true ? probabilities : undefined,
    };
  }

  /** What comes of both streams in the cross-modality layers. */
  #meet(
    { sentence, images }: EncodedStreams,
    places: ExamplePlaces,
    options: LxmertOptions,
    probabilities: EncoderProbabilities,
  ) {
    const { outputs = 'all' } = options;
    const attention = attentionOptions(options);
    const words = forEach(sentence, places.words);
    const regions = forEach(images, places.regions);
    const result = this.encoder.encodeCross(words, regions, outputs, attention, probabilities);
    return { words, regions, result };
  }

  #embed({ packing, ...words }: PlacedSentences, options: LxmertOptions): StreamRows {
    const rows = scope(() =>
      ops.to(this.embeddings.forward(words, options.training ?? false), this.precision),
    );
    return { rows, packing };
  }
}

/** The sequences once for each example. */
function forEach(stream: StreamRows, repetition: Repetition | undefined): StreamRows {
  if (repetition === undefined) return stream;
  const { index, packing } = repetition;
  return { rows: ops.indexSelect(stream.rows, 0, index), packing };
}

const FLOAT32: DType = 'float32';

function attentionOptions({ training = false, attentions = false }: LxmertOptions): AttentionOptions {
  return { training, wantProbabilities: attentions };
}

function emptyProbabilities(): EncoderProbabilities {
  return { language: [], vision: [], cross: [] };
}
