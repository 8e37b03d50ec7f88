/** @file The attention probabilities of a batch under their names, padded to one shape a layer. */

import { type Device, place, type Tensor, tensor } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';
import type { EncoderProbabilities } from './encoder.js';
import type { Packing } from './packing.js';

/** Attention probabilities of one cross-modality layer, each (B, heads, queries, keys). */
export interface CrossLayerAttentions {
  /** Each word's attention on the regions. */
  readonly languageToVision: Tensor;
  /** Each region's attention on the words. */
  readonly visionToLanguage: Tensor;
  readonly languageSelf: Tensor;
  readonly visionSelf: Tensor;
}

/** Attention probabilities of every layer, (B, heads, queries, keys) each; 0 at padding. */
export interface EncoderAttentions {
  /** Likewise: a sentence that several examples share comes once. */
  readonly language: readonly Tensor[];
  /** (images, heads, regions, regions): images that several sentences share come once. */
  readonly vision: readonly Tensor[];
  readonly cross: readonly CrossLayerAttentions[];
}

/**
 * @param sentences what the language layers computed
 * @param images what the vision layers computed
 * @param words the sentences once for each example
 * @param regions the images once for each example
 */
export function namedAttentions(
  { language, vision, cross }: EncoderProbabilities,
  sentences: Packing,
  images: Packing,
  words: Packing,
  regions: Packing,
): EncoderAttentions {
  return {
    language: language.map((layer) => padded(layer, sentences, sentences)),
    vision: vision.map((layer) => padded(layer, images, images)),
    cross: cross.map((layer) => ({
      languageToVision: padded(layer.languageToVision, words, regions),
      visionToLanguage: padded(layer.visionToLanguage, regions, words),
      languageSelf: padded(layer.languageSelf, words, words),
      visionSelf: padded(layer.visionSelf, regions, regions),
    })),
  };
}

/** Of each sequence (heads, queries, keys) -> (B, heads, width of queries, width of keys) */
function padded(layer: readonly Tensor[], queries: Packing, keys: Packing): Tensor {
  return ops.stack(
    layer.map((probabilities, sequence) => {
      const numHeads = probabilities.shape[0] ?? 0;
      const across = spread(probabilities, 2, keys, sequence, numHeads);
      return ops.to(spread(across, 1, queries, sequence, numHeads), 'float32');
    }),
  );
}

/** Puts a dimension's elements at their columns of the padded form. */
function spread(x: Tensor, dim: 1 | 2, packing: Packing, sequence: number, numHeads: number): Tensor {
  const { width, places, starts } = packing;
  const count = x.shape[dim] ?? 0;
  if (count === width) return x;
  const shape = dim === 2 ? [numHeads, x.shape[1] ?? 0, width] : [numHeads, width, x.shape[2] ?? 0];
  const start = starts[sequence] ?? 0;
  const columns = Array.from({ length: count }, (_, i) =>
    places === null ? i : (places[start + i] ?? 0) - sequence * width,
  );
  const device = x.device as Device;
  const index = place(tensor(columns, [count], 'int64'), device);
  return ops.indexCopy(ops.zeros(shape, { dtype: x.dtype, device }), dim, index, x);
}
