/** @file LXMERT: configuration, encoder, models with heads. */

export { LXMERT_BASE, type LxmertConfig, lxmertConfig } from './config.js';
export type { EncoderAttentions } from './encoder.js';
export { AnswerHead } from './heads/answerHead.js';
export type { CrossLayerAttentions } from './layers/crossLayer.js';
export { Lxmert, type LxmertInputs, type LxmertOptions, type LxmertOutputs } from './lxmert.js';
export { Module } from './module.js';
export { QuestionAnsweringModel, type QuestionAnsweringOutputs } from './questionAnswering.js';
