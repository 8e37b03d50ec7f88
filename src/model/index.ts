/** @file LXMERT: configuration, encoder, models with heads. */

export { ANSWERING_PRECISIONS, type AnsweringPrecision } from './answeringPrecision.js';
export type { CrossLayerAttentions, EncoderAttentions } from './attentionMaps.js';
export { LXMERT_BASE, type LxmertConfig, lxmertConfig } from './config.js';
export { withoutDrawing } from './drawing.js';
export { Embeddings, type WordRows } from './embeddings.js';
export { Encoder, type EncoderProbabilities, type EncoderResult, type StreamRows } from './encoder.js';
export type { AttentionRows } from './functional/attention.js';
export type { NormParameters } from './functional/layerNorm.js';
export { withPlainOperators } from './functional/mode.js';
export type { DenseParameters, SublayerParameters } from './functional/packedLayers.js';
export { AnswerHead } from './heads/answerHead.js';
export { answerHeadDefinition, type HeadDefinition } from './heads/headDefinition.js';
export { MaskedWordHead } from './heads/maskedWordHead.js';
export { PredictionTransform } from './heads/predictionTransform.js';
export { RegionHead } from './heads/regionHead.js';
export { type AnsweringModel, packAsLoaded, useForInference } from './inferencePrecision.js';
export {
  Attention,
  AttentionBlock,
  type AttentionOptions,
  type AttentionResult,
} from './layers/attention.js';
export { CrossLayer, type CrossLayerProbabilities, type CrossLayerResult } from './layers/crossLayer.js';
export { Embedding } from './layers/embedding.js';
export { Intermediate, SublayerOutput } from './layers/feedForward.js';
export { LayerNorm } from './layers/layerNorm.js';
export { JoinedLinear, Linear } from './layers/linear.js';
export { TransformerLayer } from './layers/transformerLayer.js';
export type { DenseWeight } from './leaf.js';
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
export type { Packing, PaddingRule, Repetition, Segment, SegmentSides, Segments } from './packing.js';
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
export { type SlotLayout, WIDTH_UNIT } from './slots.js';
export {
  type QuestionAnsweringModel,
  questionAnsweringModel,
  TaskModel,
  type TaskOutputs,
} from './taskModel.js';
export { VisualFeatureEncoder } from './visualFeatureEncoder.js';
