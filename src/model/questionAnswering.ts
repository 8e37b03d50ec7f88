/** @file The model of VQA and GQA: the encoder and one answer head. */

import type { Tensor } from '../torch/index.js';
import type { LxmertConfig } from './config.js';
import type { EncoderAttentions } from './encoder.js';
import { AnswerHead } from './heads/answerHead.js';
import { Lxmert, type LxmertInputs } from './lxmert.js';
import { Module } from './module.js';

export interface QuestionAnsweringOutputs {
  /** (B, answers), before the sigmoid or softmax */
  readonly logits: Tensor;
  /** (B, H) */
  readonly pooled: Tensor;
  readonly attentions: EncoderAttentions | undefined;
}

export class QuestionAnsweringModel extends Module {
  readonly encoder: Lxmert;
  readonly answerHead: AnswerHead;

  constructor(
    readonly config: LxmertConfig,
    readonly numAnswers: number,
  ) {
    super();
    this.encoder = this.child('bert', new Lxmert(config));
    this.answerHead = this.child('answer_head', new AnswerHead(config, numAnswers));
  }

  forward(
    inputs: LxmertInputs,
    options: { training?: boolean; attentions?: boolean } = {},
  ): QuestionAnsweringOutputs {
    // Attention maps are for looking at: then both directions of the last layer count too.
    const outputs = options.attentions === true ? 'all' : 'pooled';
    const { pooled, attentions } = this.encoder.forward(inputs, { ...options, outputs });
    return { logits: this.answerHead.forward(pooled), pooled, attentions };
  }
}
