/** @file How many floating-point operations a model needs: what a measured time is held against. */

import type { LxmertConfig } from '../src/model/index.js';

/** Sizes of one example. */
export interface ExampleSize {
  readonly numPieces: number;
  readonly numRegions: number;
}

/**
 * Operations of the matrix products in one forward pass over one example, a multiplication and an addition counting
 * two. What a question-answering model does not compute (the vision side of the last cross-modality layer) does not
 * count.
 */
export function forwardOperations(config: LxmertConfig, size: ExampleSize, numAnswers: number): number {
  const { hiddenSize: h, intermediateSize, visualFeatureSize, visualBoxSize } = config;
  const { numPieces: n, numRegions: m } = size;
  const dense = (rows: number, input: number, output: number): number => 2 * rows * input * output;
  const attention = (queries: number, keys: number): number =>
    dense(queries, h, h) * 2 + dense(keys, h, h) * 2 + 2 * dense(queries, h, keys);
  const feedForward = (rows: number): number => 2 * dense(rows, h, intermediateSize);
  const side = (rows: number, others: number): number =>
    attention(rows, others) + attention(rows, rows) + feedForward(rows);
  const numFullCrossLayers = Math.max(0, config.numCrossLayers - 1);
  return (
    config.numLanguageLayers * (attention(n, n) + feedForward(n)) +
    config.numVisionLayers * (attention(m, m) + feedForward(m)) +
    numFullCrossLayers * (side(n, m) + side(m, n)) +
    (config.numCrossLayers > 0 ? side(n, m) : 0) +
    dense(m, visualFeatureSize, h) +
    dense(m, visualBoxSize, h) +
    dense(1, h, h) +
    dense(1, h, 2 * h) +
    dense(1, 2 * h, numAnswers)
  );
}

/**
 * A training step needs the forward products once more for each of the two gradients, but no gradient of the
 * features and boxes.
 */
export function trainingOperations(config: LxmertConfig, size: ExampleSize, numAnswers: number): number {
  const { numRegions } = size;
  const inputs = 2 * numRegions * config.hiddenSize * (config.visualFeatureSize + config.visualBoxSize);
  return 3 * forwardOperations(config, size, numAnswers) - inputs;
}
