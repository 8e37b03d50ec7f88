/** @file Probabilities of the variants of a question, by libtorch: all in one pass, or in a few where memory asks for it. */

import { batchFromRows, type FeatureRow } from '../features/index.js';
import type { LxmertInputs } from '../model/index.js';
import { type AnsweringModel, withProbabilitiesOf } from '../tasks/index.js';
import { fromTypedArray } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';
import type { RemovalVariant, RemovalVariants, VariantProbabilities } from './removal.js';

/**
 * Rows of regions in one pass at most: 40 MB of features of the published size. With 36 regions all variants of any
 * question are one pass.
 */
const MAX_REMOVAL_ROWS = 5120;

/** @param ids of the whole question */
export function probabilitiesOfVariants(
  answering: AnsweringModel,
  row: FeatureRow,
  ids: readonly number[],
  { sentences, keptRegions }: RemovalVariants,
): VariantProbabilities {
  // One list for all that keep the same.
  const allRegions = Array.from({ length: row.numBoxes }, (_, region) => region);
  const variants: RemovalVariant[] = [
    ...sentences.map((sentence) => ({ sentence, keptRegions: allRegions })),
    ...keptRegions.map((kept) => ({ sentence: ids, keptRegions: kept })),
  ];
  const numAnswers = answering.answerTable.size;
  const found = new Float32Array(variants.length * numAnswers); // (variants, answers)
  const perPass = Math.max(1, Math.floor(MAX_REMOVAL_ROWS / row.numBoxes) - 1);
  for (let start = 0; start < variants.length; start += perPass) {
    const some = variants.slice(start, start + perPass);
    found.set(probabilitiesWithout(answering, row, some), start * numAnswers);
  }
  const split = sentences.length * numAnswers;
  return { withoutWords: found.subarray(0, split), withoutRegions: found.subarray(split) };
}

/** (variants, answers) */
export function probabilitiesWithout(
  answering: AnsweringModel,
  row: FeatureRow,
  variants: readonly RemovalVariant[],
): Float32Array {
  // Each question has widths of its own, so recording its kernels would cost more than it saves.
  return withProbabilitiesOf(
    { ...answering, graphs: undefined },
    () => inputsOf(variants, row),
    ({ answer }) => answer.toFloat32Array(),
  );
}

/** Sentences and images that occur several times stand once: the vision stream of the whole picture is computed once. */
function inputsOf(variants: readonly RemovalVariant[], row: FeatureRow): LxmertInputs {
  const sentences = different(variants.map(({ sentence }) => sentence));
  const images = different(variants.map(({ keptRegions }) => keptRegions));
  const numImages = images.values.length;
  const whole = batchFromRows([row]);
  const first = fromTypedArray(new Int32Array(numImages), [numImages]);
  const mask = new Float32Array(numImages * row.numBoxes);
  for (const [image, kept] of images.values.entries()) {
    for (const region of kept) mask[image * row.numBoxes + region] = 1;
  }
  return {
    ...sentenceInputs(sentences.values),
    features: ops.indexSelect(whole.features, 0, first), // (1, regions, F) -> (images, regions, F)
    boxes: ops.indexSelect(whole.boxes, 0, first), // (1, regions, 4) -> (images, regions, 4)
    visualAttentionMask: fromTypedArray(mask, [numImages, row.numBoxes]),
    sentenceOf: sentences.places,
    imageOf: images.places,
  };
}

function sentenceInputs(sentences: readonly (readonly number[])[]) {
  const length = Math.max(...sentences.map((ids) => ids.length));
  const shape = [sentences.length, length];
  const inputIds = new Int32Array(sentences.length * length);
  const attentionMask = new Int32Array(sentences.length * length);
  for (const [i, ids] of sentences.entries()) {
    inputIds.set(ids, i * length);
    attentionMask.fill(1, i * length, i * length + ids.length);
  }
  return {
    inputIds: fromTypedArray(inputIds, shape),
    tokenTypeIds: fromTypedArray(new Int32Array(inputIds.length), shape),
    attentionMask: fromTypedArray(attentionMask, shape),
  };
}

/** Each value once, and where each of the given ones is then. */
function different<T>(values: readonly T[]): { readonly values: readonly T[]; readonly places: number[] } {
  const found = [...new Set(values)];
  return { values: found, places: values.map((value) => found.indexOf(value)) };
}
