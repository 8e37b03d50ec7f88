/** @file The encoder as the tasks see it: sentence and regions in, named outputs out. */

import { type DType, fromTypedArray, scope, type Tensor } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';
import { type EncoderAttentions, namedAttentions } from './attentionMaps.js';
import type { LxmertConfig } from './config.js';
import { Embeddings } from './embeddings.js';
import { Encoder, type EncoderProbabilities, type StreamRows } from './encoder.js';
import type { AttentionOptions } from './layers/attention.js';
import { Linear } from './layers/linear.js';
import { Module } from './module.js';
import { type PaddingRule, pack, packingOf, repeatSequences, unpack } from './packing.js';

/** A batch of sentences. */
export interface SentenceInputs {
  /** (B, n) int32 or int64 */
  readonly inputIds: Tensor;
  /** (B, n), all 0 in every task */
  readonly tokenTypeIds: Tensor;
  /** (B, n): 1 for a piece, 0 for padding */
  readonly attentionMask: Tensor;
}

/** A batch of images. */
export interface ImageInputs {
  /** (images, regions, F) float32 */
  readonly features: Tensor;
  /** (images, regions, 4): x1, y1, x2, y2 divided by width and height */
  readonly boxes: Tensor;
  /** (images, regions): 1 for a region, 0 for padding; absent in every task of the reference */
  readonly visualAttentionMask?: Tensor | undefined;
}

/** One batch of sentences and regions. */
export interface LxmertInputs extends SentenceInputs, ImageInputs {
  /**
   * The place of each sentence's image among the images; absent when each has its own. Images are then computed
   * once and looked at by all their sentences. Not for training with dropout, which draws anew for each sentence.
   */
  readonly imageOf?: readonly number[] | undefined;
  /**
   * The place of each example's sentence among the sentences; absent when each example has its own. The language
   * stream is then computed once for each sentence. Not for training with dropout either.
   */
  readonly sentenceOf?: readonly number[] | undefined;
}

/** The formats that numbers between layers may have; master weights and sums within a layer stay float32. */
export const PRECISIONS = ['float32', 'bfloat16'] as const;
export type Precision = (typeof PRECISIONS)[number];

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
   * `kept` computes outputs at padding too, as the reference does; nothing looks at them. By default they are zeros
   * and cost nothing.
   */
  readonly padding?: PaddingRule;
}

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

/** Which sentence and which image each example has. */
type ExamplePlaces = Pick<LxmertInputs, 'imageOf' | 'sentenceOf'>;

class Pooler extends Module {
  readonly dense: Linear;

  constructor(config: LxmertConfig) {
    super();
    this.dense = this.child(
      'dense',
      new Linear(config.hiddenSize, config.hiddenSize, config.initializerRange),
    );
  }

  /** (B, H) -> (B, H) */
  forward(firstWords: Tensor): Tensor {
    return ops.tanh(this.dense.forward(firstWords));
  }
}

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

  forward(inputs: LxmertInputs, options: LxmertOptions = {}): LxmertOutputs {
    const probabilities = emptyProbabilities();
    const images = this.#encodeImages(inputs, options, probabilities);
    return this.#answer(inputs, images, inputs, options, probabilities);
  }

  /** The rows of both streams as they are, for heads that read only some of them. */
  forwardRows(inputs: LxmertInputs, options: Pick<LxmertOptions, 'training'> = {}): LxmertRows {
    const probabilities = emptyProbabilities();
    const images = this.#encodeImages(inputs, options, probabilities);
    const { words, regions, result } = this.#meet(inputs, images, inputs, options, probabilities);
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
    return this.#encodeImages(images, {}, emptyProbabilities());
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
    return this.#answer(sentences, images, { imageOf }, options, emptyProbabilities());
  }

  #encodeImages(
    { features, boxes, visualAttentionMask }: ImageInputs,
    options: LxmertOptions,
    probabilities: EncoderProbabilities,
  ): StreamRows {
    const [numImages = 0, numRegions = 0] = features.shape;
    const packing = packingOf(numImages, numRegions, visualAttentionMask, options.padding);
    const { images } = scope(() => ({
      images: this.encoder.encodeVision(
        pack(features, packing), // (images, regions, F) -> (rows, F)
        pack(boxes, packing), // (images, regions, 4) -> (rows, 4)
        packing,
        this.precision,
        attentionOptions(options),
        probabilities,
      ),
      probabilities,
    }));
    return images;
  }

  #answer(
    sentences: SentenceInputs,
    images: StreamRows,
    places: ExamplePlaces,
    options: LxmertOptions,
    probabilities: EncoderProbabilities,
  ): LxmertOutputs {
    const { sentence, words, regions, result } = this.#meet(
      sentences,
      images,
      places,
      options,
      probabilities,
    );
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

  /** The language stream, and what comes of it and the images in the cross-modality layers. */
  #meet(
    sentences: SentenceInputs,
    images: StreamRows,
    { imageOf, sentenceOf }: ExamplePlaces,
    options: LxmertOptions,
    probabilities: EncoderProbabilities,
  ) {
    const { outputs = 'all' } = options;
    const attention = attentionOptions(options);
    const embedded = this.#embed(sentences, options);
    const sentence = this.encoder.encodeLanguage(embedded, attention, probabilities);
    const words = forEach(sentence, sentenceOf);
    const regions = forEach(images, imageOf);
    const result = this.encoder.encodeCross(words, regions, outputs, attention, probabilities);
    return { sentence, words, regions, result };
  }

  #embed({ inputIds, tokenTypeIds, attentionMask }: SentenceInputs, options: LxmertOptions): StreamRows {
    const [batchSize = 0, length = 0] = inputIds.shape;
    const packing = packingOf(batchSize, length, attentionMask, options.padding);
    const { numRows, places } = packing;
    const positions = Int32Array.from({ length: numRows }, (_, row) => (places?.[row] ?? row) % length);
    const rows = scope(() => {
      const embedded = this.embeddings.forward(
        {
          inputIds: pack(inputIds, packing), // (B, n) -> (rows)
          tokenTypeIds: pack(tokenTypeIds, packing),
          positions: fromTypedArray(positions, [numRows]),
        },
        options.training ?? false,
      );
      return ops.to(embedded, this.precision);
    });
    return { rows, packing };
  }
}

/** The sequences once for each example. */
function forEach(stream: StreamRows, sequenceOf: readonly number[] | undefined): StreamRows {
  return sequenceOf === undefined ? stream : repeatSequences(stream.rows, stream.packing, sequenceOf);
}

const FLOAT32: DType = 'float32';

function attentionOptions({ training = false, attentions = false }: LxmertOptions): AttentionOptions {
  return { training, wantProbabilities: attentions };
}

function emptyProbabilities(): EncoderProbabilities {
  return { language: [], vision: [], cross: [] };
}
