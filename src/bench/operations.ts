/** @file How many floating-point operations a model needs: what a measured time is held against. */

import type { LxmertConfig, PretrainingClasses } from '../model/index.js';

/** A batch's sizes: what padding adds does not count. */
export interface BatchSize {
  /** Word pieces of each question. */
  readonly numPieces: readonly number[];
  readonly numRegions: number;
  /** Different images among the questions. */
  readonly numImages: number;
}

/**
 * Operations of the matrix products that a question-answering model's forward pass needs, a multiplication and an
 * addition counting two: no padding, each image's vision stream once, and in the last cross-modality layer what the
 * first word of each question depends on.
 */
export function forwardOperations(config: LxmertConfig, size: BatchSize, numAnswers: number): number {
  const { hiddenSize: h } = config;
  const { numRegions: m } = size;
  const { layer, attention, feedForward, cross, image } = encoderOperations(config, m);
  const head = dense(1, h, h) + dense(1, h, 2 * h) + dense(1, 2 * h, numAnswers);
  const hasCross = config.numCrossLayers > 0;
  const question = (n: number): number => {
    const lastCross = attention(n, m) + attention(1, n) + feedForward(1);
    return (
      config.numLanguageLayers * layer(n) +
      Math.max(0, config.numCrossLayers - 1) * cross(n) +
      (hasCross ? lastCross : 0) +
      head
    );
  };
  return size.numImages * image + size.numPieces.reduce((sum, n) => sum + question(n), 0);
}

/** What of a batch pre-training predicts. */
export interface PredictedCounts {
  readonly numWords: number;
  readonly numMaskedRegions: number;
  /** Sentences with an answer. */
  readonly numAnswers: number;
}

/**
 * Operations of the matrix products of a pre-training step: every layer whole, since words and regions are predicted as
 * well, the heads where something is predicted, and both gradients.
 */
export function pretrainingOperations(
  config: LxmertConfig,
  size: BatchSize,
  classes: PretrainingClasses,
  { numWords, numMaskedRegions, numAnswers }: PredictedCounts,
): number {
  const { hiddenSize: h, vocabSize, visualFeatureSize } = config;
  const { layer, cross, image } = encoderOperations(config, size.numRegions);
  const sentence = (n: number): number =>
    config.numLanguageLayers * layer(n) + config.numCrossLayers * cross(n) + dense(1, h, h) + dense(1, h, 2);
  const regions = size.numImages * size.numRegions;
  const heads =
    dense(numWords, h, h) +
    dense(numWords, h, vocabSize) +
    dense(regions, h, h) +
    dense(regions, h, classes.numObjects + classes.numAttributes) +
    dense(numMaskedRegions, h, visualFeatureSize) +
    dense(numAnswers, h, 2 * h) +
    dense(numAnswers, 2 * h, classes.numAnswers ?? 0);
  const forward = size.numImages * image + size.numPieces.reduce((sum, n) => sum + sentence(n), 0) + heads;
  return 3 * forward - inputGradientOperations(config, size);
}

/**
 * A training step needs the forward products once more for each of the two gradients, but no gradient of the
 * features and boxes.
 */
export function trainingOperations(config: LxmertConfig, size: BatchSize, numAnswers: number): number {
  return 3 * forwardOperations(config, size, numAnswers) - inputGradientOperations(config, size);
}

function dense(rows: number, input: number, output: number): number {
  return 2 * rows * input * output;
}

/** Of what the encoder is made of, for images of `m` regions. */
function encoderOperations(config: LxmertConfig, m: number) {
  const { hiddenSize: h, intermediateSize, visualFeatureSize, visualBoxSize } = config;
  /** Query and output for the query rows, key and value for the key rows, and the two products between them. */
  const attention = (queries: number, keys: number): number =>
    2 * dense(queries, h, h) + 2 * dense(keys, h, h) + 2 * dense(queries, h, keys);
  const feedForward = (rows: number): number => 2 * dense(rows, h, intermediateSize);
  const layer = (rows: number): number => attention(rows, rows) + feedForward(rows);
  return {
    attention,
    feedForward,
    layer,
    /** A whole cross-modality layer, with a sentence of `n` pieces. */
    cross: (n: number): number => attention(n, m) + attention(m, n) + layer(n) + layer(m),
    image: dense(m, visualFeatureSize, h) + dense(m, visualBoxSize, h) + config.numVisionLayers * layer(m),
  };
}

/** Products that a step does without: nobody asks for the gradient of features and boxes. */
function inputGradientOperations(
  { visualFeatureSize, visualBoxSize, hiddenSize }: LxmertConfig,
  { numImages, numRegions }: BatchSize,
): number {
  return dense(numImages * numRegions, hiddenSize, visualFeatureSize + visualBoxSize);
}
