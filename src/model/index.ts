/** @file LXMERT: configuration, encoder, models with heads. */

export type { CrossLayerAttentions, EncoderAttentions } from './attentionMaps.js';
export { LXMERT_BASE, type LxmertConfig, lxmertConfig } from './config.js';
export { Embeddings } from './embeddings.js';
export { Encoder, type EncoderProbabilities, type StreamRows } from './encoder.js';
export { withPlainOperators } from './functional/mode.js';
export { AnswerHead } from './heads/answerHead.js';
export { answerHeadDefinition, type HeadDefinition } from './heads/headDefinition.js';
export { MaskedWordHead } from './heads/maskedWordHead.js';
export { RegionHead } from './heads/regionHead.js';
export { useForInference } from './inferencePrecision.js';
export type { CrossLayerProbabilities } from './layers/crossLayer.js';
export {
  type EncodedImages,
  LxmertModel,
  type LxmertOptions,
  type LxmertOutputs,
  type LxmertRows,
  Pooler,
  PRECISIONS,
  type Precision,
} from './lxmert.js';
export { type Leaf, type LeafOptions, type LeafPart, Module } from './module.js';
export type { PaddingRule, Repetition } from './packing.js';
export type {
  ImageInputs,
  LxmertInputs,
  PlacedImages,
  PlacedInputs,
  PlacedSentences,
  PlaceOptions,
  SentenceInputs,
} from './placedInputs.js';
export {
  type PlacedPredictions,
  type PredictionPlaces,
  type PretrainingClasses,
  PretrainingModel,
  type PretrainingOutputs,
  PUBLISHED_CLASSES,
  TIED_DECODER,
} from './pretraining.js';
export { WIDTH_UNIT } from './slots.js';
export {
  type QuestionAnsweringModel,
  questionAnsweringModel,
  TaskModel,
  type TaskOutputs,
} from './taskModel.js';
