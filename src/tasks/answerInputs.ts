/** @file From questions to the tensors that a model reads. */

import type { LxmertInputs } from '../model/index.js';
import { encodeBatch, type WordPieceTokenizer } from '../text/index.js';
import { fromTypedArray, type Tensor } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';

/** Regions of images by id; a feature store is one, and so is an image whose regions were just computed. */
export interface RegionSource {
  /**
   * @returns features (B, regions, F) and boxes (B, regions, 4) normalised to 0..1, both float32, and a mask
   * (B, regions) of 1 and 0 where images have fewer regions than others
   */
  gather(imageIds: readonly string[]): {
    readonly features: Tensor;
    readonly boxes: Tensor;
    readonly mask: Tensor | null;
  };
}

/** A sentence about an image. */
export interface ImageSentence {
  readonly imageId: string;
  readonly sentence: string;
}

export interface AnswerInputsOptions {
  /** Word pieces of a sentence, at most. */
  readonly maxLength: number;
  /** Images that several sentences are about come once: for answering, not for training with dropout. */
  readonly shareImages?: boolean;
}

/**
 * Tensors for a batch. Sentences are padded to the longest of the batch; the model drops the padding.
 *
 * Call it inside a scope: the tensors belong to it.
 */
export function answerInputs(
  examples: readonly ImageSentence[],
  tokenizer: WordPieceTokenizer,
  source: RegionSource,
  { maxLength, shareImages = false }: AnswerInputsOptions,
): LxmertInputs {
  const batch = encodeBatch(
    tokenizer,
    examples.map((example) => example.sentence),
    { maxLength },
  );
  const longest = batch.numTokens.reduce((most, count) => Math.max(most, count), 1);
  const cut = (values: Int32Array): Tensor =>
    ops.contiguous(ops.narrow(fromTypedArray(values, [batch.batchSize, batch.maxLength]), 1, 0, longest));
  const imageIds = examples.map((example) => example.imageId);
  const different = shareImages ? [...new Set(imageIds)] : imageIds;
  const places = new Map(different.map((id, place) => [id, place]));
  const { features, boxes, mask } = source.gather(different);
  return {
    inputIds: cut(batch.inputIds),
    tokenTypeIds: cut(batch.tokenTypeIds),
    attentionMask: cut(batch.attentionMask),
    features,
    boxes,
    visualAttentionMask: mask ?? undefined,
    ...(different.length < imageIds.length ? { imageOf: imageIds.map((id) => places.get(id) ?? 0) } : {}),
  };
}
