/** @file Questions as long as real ones about random regions: the arithmetic does not depend on the values. */

import type { LxmertConfig, LxmertInputs } from '../model/index.js';
import { tensor } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';
import type { BatchSize } from './operations.js';

/** Regions of an image, and pieces that the reference pads questions to. */
export const NUM_REGIONS = 36;
const PADDED_LENGTH = 20;

/** Pieces of ten questions, [CLS] and [SEP] included: 9.5 on average, as in VQA. */
const LENGTHS = [7, 8, 8, 9, 9, 9, 10, 10, 11, 14];

/** The sizes of a batch of questions, `perImage` of them about each image. */
export function batchOf(numQuestions: number, perImage = 1): BatchSize {
  return {
    numPieces: Array.from({ length: numQuestions }, (_, i) => lengthOf(i)),
    numRegions: NUM_REGIONS,
    numImages: Math.ceil(numQuestions / perImage),
  };
}

/** One question of average length. */
export const ONE_QUESTION: BatchSize = { numPieces: [10], numRegions: NUM_REGIONS, numImages: 1 };

export function lengthOf(question: number): number {
  return LENGTHS[question % LENGTHS.length] as number;
}

/** Inputs of that size, padded as the reference pads. The tensors belong to the scope that this is called in. */
export function randomInputs(config: LxmertConfig, size: BatchSize): LxmertInputs {
  const { numPieces, numImages } = size;
  const width = Math.min(PADDED_LENGTH, config.maxPositionEmbeddings);
  const shape = [numPieces.length, width];
  const values = (value: (question: number, place: number) => number): Int32Array =>
    Int32Array.from({ length: numPieces.length * width }, (_, i) => value(Math.floor(i / width), i % width));
  const isPiece = (question: number, place: number): boolean => place < (numPieces[question] ?? 0);
  const wordOf = (question: number, place: number): number =>
    1 + ((131 * question + 977 * place) % (config.vocabSize - 1));
  return {
    inputIds: tensor(
      values((q, place) => (isPiece(q, place) ? wordOf(q, place) : 0)),
      shape,
    ),
    tokenTypeIds: tensor(
      values(() => 0),
      shape,
    ),
    attentionMask: tensor(
      values((q, place) => (isPiece(q, place) ? 1 : 0)),
      shape,
    ),
    features: ops.rand([numImages, size.numRegions, config.visualFeatureSize]),
    boxes: ops.rand([numImages, size.numRegions, config.visualBoxSize]),
    ...(numImages < numPieces.length
      ? { imageOf: numPieces.map((_, i) => Math.floor((i * numImages) / numPieces.length)) }
      : {}),
  };
}
