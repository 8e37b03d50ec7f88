/** @file From questions to the tensors that a model reads. */

import { type LxmertInputs, WIDTH_UNIT } from '../model/index.js';
import { encodeBatch, longestOf, type WordPieceTokenizer } from '../text/index.js';
import { fromTypedArray, type Tensor } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';

/** Regions of images by id; a feature store is one, and so is an image whose regions were just computed. */
export interface RegionSource {
  /**
   * @param options.dtype `stored` lets features come in the format that they are kept in, float32 or float16
   * @returns features (B, regions, F) and boxes (B, regions, 4) normalised to 0..1, both float32, and a mask
   * (B, regions) of 1 and 0 where images have fewer regions than others
   */
  gather(
    imageIds: readonly string[],
    options?: { readonly dtype?: 'float32' | 'stored' },
  ): {
    readonly features: Tensor;
    readonly boxes: Tensor;
    readonly mask: Tensor | null;
  };
  /** Told which images are gathered next; a source that reads them from a disk can begin. */
  prefetch?(imageIds: readonly string[]): void;
  /** Likewise, of a batch that is gathered with `dtype: 'stored'`; its features can be brought together meanwhile. */
  prefetchBatch?(imageIds: readonly string[]): void;
  /** Another one when the features are others; a run that goes on compares it. */
  contentHash?(): string;
}

/** A sentence about one image or two. */
export interface ImageSentence {
  readonly imageIds: readonly string[];
  readonly sentence: string;
}

export interface BatchInputsOptions {
  /** Word pieces of a sentence, at most. */
  readonly maxLength: number;
  /** Images and sentences that occur several times are computed once: for answering, not for training with dropout. */
  readonly share?: boolean;
  /** Features stay in the format that they are stored in, half of what travels; few different widths of sentences. */
  readonly forGpu?: boolean;
}

/**
 * Tensors for a batch of examples with equally many images; an example with two images becomes two sequences, one
 * after the other. Sentences are padded to the longest of the batch; the model drops the padding.
 *
 * Call it inside a scope: the tensors belong to it.
 */
export function batchInputs(
  examples: readonly ImageSentence[],
  tokenizer: WordPieceTokenizer,
  source: RegionSource,
  { maxLength, share = false, forGpu = false }: BatchInputsOptions,
): LxmertInputs {
  const imageIds = examples.flatMap((example) => example.imageIds);
  // One entry for each image: the reference runs the sentence with each.
  const sentences = examples.flatMap(({ imageIds: ids, sentence }) => ids.map(() => sentence));
  const images = share ? different(imageIds) : { values: imageIds };
  const texts = share ? different(sentences) : { values: sentences };

  const batch = encodeBatch(tokenizer, texts.values, { maxLength });
  const numPieces = longestOf(batch);
  const longest = forGpu
    ? Math.min(batch.maxLength, Math.ceil(numPieces / WIDTH_UNIT) * WIDTH_UNIT)
    : numPieces;
  const cut = (values: Int32Array): Tensor =>
    ops.contiguous(ops.narrow(fromTypedArray(values, [batch.batchSize, batch.maxLength]), 1, 0, longest));
  const { features, boxes, mask } = source.gather(images.values, {
    dtype: forGpu ? 'stored' : 'float32',
  });
  return {
    inputIds: cut(batch.inputIds),
    tokenTypeIds: cut(batch.tokenTypeIds),
    attentionMask: cut(batch.attentionMask),
    features,
    boxes,
    visualAttentionMask: mask ?? undefined,
    imageOf: images.places,
    sentenceOf: texts.places,
  };
}

/** Each value once, and where each of the given ones is then; no places when all differ. */
function different(values: readonly string[]): {
  readonly values: readonly string[];
  readonly places?: readonly number[];
} {
  const placeOf = new Map<string, number>();
  const places: number[] = [];
  for (const value of values) {
    const place = placeOf.get(value) ?? placeOf.size;
    placeOf.set(value, place);
    places.push(place);
  }
  return placeOf.size === values.length ? { values } : { values: [...placeOf.keys()], places };
}
