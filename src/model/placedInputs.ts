/** @file A batch as the host makes it, and as the device reads it: without padding, with every index it needs. */

import { type Device, fromTypedArray, place, type Tensor } from '../torch/index.js';
import {
  type Packing,
  type PaddingRule,
  pack,
  packingOf,
  placedPacking,
  type Repetition,
  repetitionOf,
} from './packing.js';

/** A batch of sentences. */
export interface SentenceInputs {
  /** (B, n) int32 or int64 */
  readonly inputIds: Tensor;
  /** (B, n), all 0 in every task */
  readonly tokenTypeIds: Tensor;
  /** (B, n): 1 for a piece, 0 for padding */
  readonly attentionMask: Tensor;
}

/** A batch of images. */
export interface ImageInputs {
  /** (images, regions, F) float32 */
  readonly features: Tensor;
  /** (images, regions, 4): x1, y1, x2, y2 divided by width and height */
  readonly boxes: Tensor;
  /** (images, regions): 1 for a region, 0 for padding; absent in every task of the reference */
  readonly visualAttentionMask?: Tensor | undefined;
}

/** One batch of sentences and regions. */
export interface LxmertInputs extends SentenceInputs, ImageInputs {
  /**
   * The place of each sentence's image among the images; absent when each has its own. Images are then computed
   * once and attended to by all their sentences. Not for training with dropout, which draws anew for each sentence.
   */
  readonly imageOf?: readonly number[] | undefined;
  /**
   * The place of each example's sentence among the sentences; absent when each example has its own. The language
   * stream is then computed once for each sentence. Not for training with dropout either.
   */
  readonly sentenceOf?: readonly number[] | undefined;
}

/** Sentences where the model computes, without padding. */
export interface PlacedSentences {
  /** (rows) each */
  readonly inputIds: Tensor;
  readonly tokenTypeIds: Tensor;
  readonly positions: Tensor;
  readonly packing: Packing;
}

/** Images likewise. */
export interface PlacedImages {
  /** (rows, F) */
  readonly features: Tensor;
  /** (rows, 4) */
  readonly boxes: Tensor;
  readonly packing: Packing;
}

/**
 * A batch where the model computes. Everything that is decided on the processor is decided in it, so that the passes over
 * it are kernels of the device and nothing else.
 */
export interface PlacedInputs {
  readonly sentences: PlacedSentences;
  readonly images: PlacedImages;
  /** The sentence of each example; undefined when each has its own. */
  readonly words: Repetition | undefined;
  /** Likewise its image. */
  readonly regions: Repetition | undefined;
}

export interface PlaceOptions {
  readonly padding?: PaddingRule;
  /** Rows of the language stream come in multiples of this (`packingOf`). */
  readonly rowUnit?: number;
}

/** Brings a batch to `device`. Call it inside a scope. */
export function placeInputs(inputs: LxmertInputs, device: Device, options: PlaceOptions = {}): PlacedInputs {
  const sentences = placeSentences(inputs, device, options);
  const images = placeImages(inputs, device, options.padding);
  const repeated = (packing: Packing, sequenceOf: readonly number[] | undefined) =>
    sequenceOf && repetitionOf(packing, sequenceOf, device);
  return {
    sentences,
    images,
    words: repeated(sentences.packing, inputs.sentenceOf),
    regions: repeated(images.packing, inputs.imageOf),
  };
}

export function placeSentences(
  { inputIds, tokenTypeIds, attentionMask }: SentenceInputs,
  device: Device,
  { padding, rowUnit }: PlaceOptions = {},
): PlacedSentences {
  const [batchSize = 0, length = 0] = inputIds.shape;
  const packing = packingOf(batchSize, length, attentionMask, padding, rowUnit);
  const { numRows, places } = packing;
  const positions = Int32Array.from({ length: numRows }, (_, row) => (places?.[row] ?? row) % length);
  return {
    inputIds: place(pack(inputIds, packing), device), // (B, n) -> (rows)
    tokenTypeIds: place(pack(tokenTypeIds, packing), device),
    positions: place(fromTypedArray(positions, [numRows]), device),
    packing: placedPacking(packing, device),
  };
}

export function placeImages(
  { features, boxes, visualAttentionMask }: ImageInputs,
  device: Device,
  padding?: PaddingRule,
): PlacedImages {
  const [numImages = 0, numRegions = 0] = features.shape;
  const packing = packingOf(numImages, numRegions, visualAttentionMask, padding);
  return {
    features: place(pack(features, packing), device), // (images, regions, F) -> (rows, F)
    boxes: place(pack(boxes, packing), device), // (images, regions, 4) -> (rows, 4)
    packing: placedPacking(packing, device),
  };
}
