/** @file The model of VQA, GQA and NLVR2: the encoder and one answer head. */

import type { Tensor } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';
import type { EncoderAttentions } from './attentionMaps.js';
import type { LxmertConfig } from './config.js';
import type { EncoderProbabilities } from './encoder.js';
import { AnswerHead } from './heads/answerHead.js';
import { type EncodedImages, LxmertModel, type LxmertOutputs, type Precision } from './lxmert.js';
import { Module } from './module.js';
import type { LxmertInputs, PlacedInputs, SentenceInputs } from './placedInputs.js';

export interface QuestionAnsweringOutputs {
  /** (B, answers), before the sigmoid or softmax */
  readonly logits: Tensor;
  /** (B * images, H) */
  readonly pooled: Tensor;
  readonly attentions: EncoderAttentions | undefined;
  /** As in {@link LxmertOutputs}. */
  readonly probabilities: EncoderProbabilities | undefined;
}

export class QuestionAnsweringModel extends Module {
  readonly encoder: LxmertModel;
  readonly answerHead: AnswerHead;

  /**
   * @param imagesPerExample with 2 the encoder runs over the sentence and each image, and the head reads both pooled
   * vectors side by side, the first image's first (NLVR2)
   */
  constructor(
    readonly config: LxmertConfig,
    readonly numAnswers: number,
    readonly imagesPerExample = 1,
  ) {
    super();
    this.encoder = this.child('bert', new LxmertModel(config));
    this.answerHead = this.child(
      'answer_head',
      new AnswerHead(config, numAnswers, imagesPerExample * config.hiddenSize),
    );
  }

  /** The format of the numbers between layers. */
  get precision(): Precision {
    return this.encoder.precision;
  }

  set precision(precision: Precision) {
    this.encoder.precision = precision;
  }

  forward(
    inputs: LxmertInputs,
    options: { training?: boolean; attentions?: boolean } = {},
  ): QuestionAnsweringOutputs {
    // Attention maps are for looking at: then both directions of the last layer count too.
    const outputs = options.attentions === true ? 'all' : 'pooled';
    return this.#answer(this.encoder.forward(inputs, { ...options, outputs }));
  }

  /** As {@link forward}, for a batch that is where the model computes (`encoder.place`). */
  forwardPlaced(inputs: PlacedInputs, options: { training?: boolean } = {}): QuestionAnsweringOutputs {
    return this.#answer(this.encoder.forwardPlaced(inputs, { ...options, outputs: 'pooled' }));
  }

  /** Answers to questions about images that were encoded before (`encoder.encodeImages`). */
  forwardEncoded(
    questions: SentenceInputs,
    images: EncodedImages,
    imageOf?: readonly number[],
  ): QuestionAnsweringOutputs {
    return this.#answer(this.encoder.forwardEncoded(questions, images, imageOf, { outputs: 'pooled' }));
  }

  #answer({ pooled, attentions, probabilities }: LxmertOutputs): QuestionAnsweringOutputs {
    const { imagesPerExample, config } = this;
    const joined = ops.reshape(pooled, [-1, imagesPerExample * config.hiddenSize]); // (B * images, H) -> (B, images * H)
    return { logits: ops.to(this.answerHead.forward(joined), 'float32'), pooled, attentions, probabilities };
  }
}
