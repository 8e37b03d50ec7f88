/** @file What a task asks of a head on the pooled vector: its name, its form, its size, and its tensors' names in files. */

import type { Tensor } from '../../torch/index.js';
import type { LxmertConfig } from '../config.js';
import { Linear } from '../layers/linear.js';
import type { Module } from '../module.js';
import { AnswerHead } from './answerHead.js';

/** A head that reads the pooled vector of each example. */
export interface HeadDefinition<Name extends string = string> {
  /** What its logits and targets go by, such as `answer`. */
  readonly name: Name;
  /** What the names of its tensors begin with in checkpoints, such as `answer_head`. */
  readonly prefix: string;
  /** `mlp`: the reference's answer classifier, two layers with GELU and LayerNorm; `linear`: one dense layer. */
  readonly form: 'mlp' | 'linear';
  /** Logits of an example. */
  readonly size: number;
}

/** The reference's answer classifier, which VQA, GQA and NLVR2 share. */
export function answerHeadDefinition(numAnswers: number): HeadDefinition<'answer'> {
  return { name: 'answer', prefix: 'answer_head', form: 'mlp', size: numAnswers };
}

/** A module with one input and one output. */
export interface Head extends Module {
  /** (B, input) -> (B, size) */
  forward(pooled: Tensor): Tensor;
}

/** @param inputSize the pooled vectors of an example side by side */
export function makeHead(config: LxmertConfig, { form, size }: HeadDefinition, inputSize: number): Head {
  return form === 'mlp'
    ? new AnswerHead(config, size, inputSize)
    : new Linear(inputSize, size, config.initializerRange, { isHead: true });
}
