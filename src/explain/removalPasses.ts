/** @file Probabilities of the variants of a question, by libtorch: all in one pass, or in a few where memory asks for it. */

import { batchFromRows, type FeatureRow } from '../features/index.js';
import type { LxmertInputs } from '../model/index.js';
import { type AnsweringModel, withProbabilitiesOf } from '../tasks/index.js';
import { fromTypedArray } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';
import {
  MAX_REMOVAL_ROWS,
  type RemovalVariants,
  type TogetherVariant,
  type VariantProbabilities,
} from './removal.js';

/** One variant: its sentence, and the regions that it lacks; one list for all that lack the same. */
interface Variant {
  readonly sentence: readonly number[];
  readonly removedRegions: readonly number[];
}

const NO_REGIONS: readonly number[] = [];

/** @param ids of the whole question */
export function probabilitiesOfVariants(
  answering: AnsweringModel,
  row: FeatureRow,
  ids: readonly number[],
  { sentences, keptRegions }: RemovalVariants,
): VariantProbabilities {
  const variants: Variant[] = [
    ...sentences.map((sentence) => ({ sentence, removedRegions: NO_REGIONS })),
    ...keptRegions.map((_, region) => ({ sentence: ids, removedRegions: [region] })),
  ];
  const numAnswers = answering.answerTable.size;
  const found = new Float32Array(variants.length * numAnswers); // (variants, answers)
  const perPass = Math.max(1, Math.floor(MAX_REMOVAL_ROWS / row.numBoxes) - 1);
  for (let start = 0; start < variants.length; start += perPass) {
    const some = variants.slice(start, start + perPass);
    found.set(probabilitiesOf(answering, row, some), start * numAnswers);
  }
  const split = sentences.length * numAnswers;
  return { withoutWords: found.subarray(0, split), withoutRegions: found.subarray(split) };
}

/** (answers) */
export function probabilitiesTogether(
  answering: AnsweringModel,
  row: FeatureRow,
  { sentence, keptRegions }: TogetherVariant,
): Float32Array {
  const places = Array.from({ length: row.numBoxes }, (_, i) => i);
  const removedRegions = places.filter((i) => !keptRegions.includes(i));
  return probabilitiesOf(answering, row, [{ sentence, removedRegions }]);
}

/** (variants, answers) */
function probabilitiesOf(
  answering: AnsweringModel,
  row: FeatureRow,
  variants: readonly Variant[],
): Float32Array {
  // Each question has widths of its own, so recording its kernels would cost more than it saves.
  return withProbabilitiesOf(
    { ...answering, graphs: undefined },
    () => inputsOf(variants, row),
    ({ answer }) => answer.toFloat32Array(),
  );
}

/** Sentences and images that occur several times stand once: the vision stream of the whole picture is computed once. */
function inputsOf(variants: readonly Variant[], row: FeatureRow): LxmertInputs {
  const sentences = different(variants.map(({ sentence }) => sentence));
  const images = different(variants.map(({ removedRegions }) => removedRegions));
  const numImages = images.values.length;
  const whole = batchFromRows([row]);
  const first = fromTypedArray(new Int32Array(numImages), [numImages]);
  const mask = new Float32Array(numImages * row.numBoxes).fill(1);
  for (const [image, removed] of images.values.entries()) {
    for (const region of removed) mask[image * row.numBoxes + region] = 0;
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
