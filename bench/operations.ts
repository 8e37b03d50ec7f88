/** @file How many floating-point operations a model needs: what a measured time is held against. */

import type { LxmertConfig } from '../src/model/index.js';

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
  const { hiddenSize: h, intermediateSize, visualFeatureSize, visualBoxSize } = config;
  const { numRegions: m, numImages } = size;
  const dense = (rows: number, input: number, output: number): number => 2 * rows * input * output;
  /** Query and output for those who ask, key and value for those looked at, and the two products between them. */
  const attention = (queries: number, keys: number): number =>
    2 * dense(queries, h, h) + 2 * dense(keys, h, h) + 2 * dense(queries, h, keys);
  const feedForward = (rows: number): number => 2 * dense(rows, h, intermediateSize);
  const layer = (rows: number): number => attention(rows, rows) + feedForward(rows);
  const head = dense(1, h, h) + dense(1, h, 2 * h) + dense(1, 2 * h, numAnswers);
  const hasCross = config.numCrossLayers > 0;

  const image =
    dense(m, visualFeatureSize, h) + dense(m, visualBoxSize, h) + config.numVisionLayers * layer(m);
  const question = (n: number): number => {
    const wholeCross = attention(n, m) + attention(m, n) + layer(n) + layer(m);
    const lastCross = attention(n, m) + attention(1, n) + feedForward(1);
    return (
      config.numLanguageLayers * layer(n) +
      Math.max(0, config.numCrossLayers - 1) * wholeCross +
      (hasCross ? lastCross : 0) +
      head
    );
  };
  return numImages * image + size.numPieces.reduce((sum, n) => sum + question(n), 0);
}

/**
 * A training step needs the forward products once more for each of the two gradients, but no gradient of the
 * features and boxes.
 */
export function trainingOperations(config: LxmertConfig, size: BatchSize, numAnswers: number): number {
  const { visualFeatureSize, visualBoxSize, hiddenSize } = config;
  const rows = size.numImages * size.numRegions;
  const inputs = 2 * rows * hiddenSize * (visualFeatureSize + visualBoxSize);
  return 3 * forwardOperations(config, size, numAnswers) - inputs;
}
