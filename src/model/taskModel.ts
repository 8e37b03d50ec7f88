/** @file The model of a fine-tuned task: the encoder, and one head or several that read its pooled vector. */

import type { Tensor } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';
import type { EncoderAttentions } from './attentionMaps.js';
import type { LxmertConfig } from './config.js';
import type { EncoderProbabilities } from './encoder.js';
import { answerHeadDefinition, type Head, type HeadDefinition, makeHead } from './heads/headDefinition.js';
import { type EncodedImages, LxmertModel, type LxmertOutputs, type Precision } from './lxmert.js';
import { Module } from './module.js';
import type { LxmertInputs, PlacedInputs, SentenceInputs } from './placedInputs.js';

/** What the heads say of a batch of B examples. */
export interface TaskOutputs<Name extends string = string> {
  /** Of each head, float32 (B, size), before the sigmoid or softmax. */
  readonly logits: Readonly<Record<Name, Tensor>>;
  /** (B * imagesPerExample, H) */
  readonly pooled: Tensor;
  readonly attentions: EncoderAttentions | undefined;
  /** As in {@link LxmertOutputs}. */
  readonly probabilities: EncoderProbabilities | undefined;
}

/**
 * The encoder with the heads of a task, each of which reads the pooled vector.
 *
 * ```ts
 * const model = new TaskModel(lxmertConfig({ vocabSize }), [answerHeadDefinition(3129)]);
 * const { logits } = model.forward(inputs, { training: true });
 * logits.answer; // (B, 3129)
 * ```
 */
export class TaskModel<Name extends string = string> extends Module {
  readonly encoder: LxmertModel;
  /** In the order in which their weights were drawn. */
  readonly heads: readonly HeadDefinition[];
  readonly #heads: ReadonlyMap<string, Head>;

  /**
   * @param heads their weights are drawn in this order, after the encoder's
   * @param imagesPerExample with 2 the encoder runs over the sentence and each image, and the heads read both pooled
   * vectors side by side, the first image's first (NLVR2)
   */
  constructor(
    readonly config: LxmertConfig,
    heads: readonly HeadDefinition<Name>[],
    readonly imagesPerExample = 1,
  ) {
    super();
    this.heads = heads;
    this.encoder = this.child('bert', new LxmertModel(config));
    const inputSize = imagesPerExample * config.hiddenSize;
    this.#heads = new Map(
      heads.map((head) => [head.name, this.child(head.prefix, makeHead(config, head, inputSize))]),
    );
  }

  /** The format of the numbers between layers. */
  get precision(): Precision {
    return this.encoder.precision;
  }

  set precision(precision: Precision) {
    this.encoder.precision = precision;
  }

  /**
   * @param inputs B sentences with their images, `imagesPerExample` for each
   * @param options `training`: with dropout; `attentions`: with the maps of every layer
   * @returns logits (B, size) of each head
   */
  forward(
    inputs: LxmertInputs,
    options: { training?: boolean; attentions?: boolean } = {},
  ): TaskOutputs<Name> {
    // Attention maps are for looking at: then both directions of the last layer count too.
    const outputs = options.attentions === true ? 'all' : 'pooled';
    return this.#outputs(this.encoder.forward(inputs, { ...options, outputs }));
  }

  /** As {@link forward}, for a batch that is where the model computes (`encoder.place`). */
  forwardPlaced(inputs: PlacedInputs, options: { training?: boolean } = {}): TaskOutputs<Name> {
    return this.#outputs(this.encoder.forwardPlaced(inputs, { ...options, outputs: 'pooled' }));
  }

  /** For sentences about images that were encoded before (`encoder.encodeImages`). */
  forwardEncoded(
    sentences: SentenceInputs,
    images: EncodedImages,
    imageOf?: readonly number[],
  ): TaskOutputs<Name> {
    return this.#outputs(this.encoder.forwardEncoded(sentences, images, imageOf, { outputs: 'pooled' }));
  }

  #outputs({ pooled, attentions, probabilities }: LxmertOutputs): TaskOutputs<Name> {
    const { imagesPerExample, config } = this;
    const joined = ops.reshape(pooled, [-1, imagesPerExample * config.hiddenSize]); // (B * images, H) -> (B, images * H)
    const logits = {} as Record<Name, Tensor>;
    for (const [name, head] of this.#heads) logits[name as Name] = ops.to(head.forward(joined), 'float32');
    return { logits, pooled, attentions, probabilities };
  }
}

/** The model of VQA, GQA and NLVR2, whose one head chooses an answer. */
export type QuestionAnsweringModel = TaskModel<'answer'>;

/** Draws such a model; see {@link TaskModel}. */
export function questionAnsweringModel(
  config: LxmertConfig,
  numAnswers: number,
  imagesPerExample = 1,
): QuestionAnsweringModel {
  return new TaskModel(config, [answerHeadDefinition(numAnswers)], imagesPerExample);
}
