/**
 * @file The losses of pre-training, each as a sum over what it is about and the number that the sum is divided by:
 * several processes that share a batch divide by the whole batch's number.
 */

import type {
  LxmertInputs,
  PredictionPlaces,
  PretrainingModel,
  PretrainingOutputs,
} from '../../model/index.js';
import { fromTypedArray, type Tensor } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';

/** In the reference's order. */
export const LOSS_KEYS = ['words', 'matching', 'objects', 'attributes', 'features', 'answers'] as const;
export type LossKey = (typeof LOSS_KEYS)[number];

/** As the reference's log calls them. */
export const LOSS_TITLES: Readonly<Record<LossKey, string>> = {
  words: 'Mask_LM',
  matching: 'Matched',
  objects: 'Obj',
  attributes: 'Attr',
  features: 'Feat',
  answers: 'QA',
};

export interface LossSettings {
  /** What each loss counts in the total; one with 0 is not computed. 1 in the paper. */
  readonly weights: Readonly<Record<LossKey, number>>;
  /** Predict classes of masked regions only; the reference predicts those of all. */
  readonly onlyMaskedRegions: boolean;
  /** Predict words only where sentence and image belong together; the reference does so everywhere. */
  readonly onlyMatchedWords: boolean;
}

/** The paper's: all five tasks alike. */
export const DEFAULT_LOSSES: LossSettings = {
  weights: { words: 1, matching: 1, objects: 1, attributes: 1, features: 1, answers: 1 },
  onlyMaskedRegions: false,
  onlyMatchedWords: false,
};

/** The region losses are means over all regions, of which 15 % are masked: times this, they are as over the masked. */
const REGION_SCALE = 1 / 0.15;

/** What is to be predicted in a batch of B examples with n words and N regions. */
export interface PretrainingLabels {
  /** (B, n): the original piece where it is to be predicted, else -1 */
  readonly words: Int32Array;
  /** (B): 1 when sentence and image belong together */
  readonly isMatched: Uint8Array;
  /** (B, N): 1 for a region, 0 for padding */
  readonly isRegion: Uint8Array;
  /** (B, N): 1 for a masked region */
  readonly regionMask: Uint8Array;
  /** (B, N) int64, the detector's classes, and (B, N) float32, how sure it was */
  readonly objects: Tensor;
  readonly objectConfidences: Tensor;
  readonly attributes: Tensor;
  readonly attributeConfidences: Tensor;
  /** (B, N, F): the features before any were masked */
  readonly features: Tensor;
  /** (B): rows of the answer table, -1 for none */
  readonly answers: Int32Array;
}

export interface PretrainingBatch {
  readonly inputs: LxmertInputs;
  readonly labels: PretrainingLabels;
}

/** What each loss's sum is divided by. */
export type LossDenominators = Readonly<Record<LossKey, number>>;

/** Of one batch; of parts of a batch they add up to the whole's. */
export function lossDenominators(labels: PretrainingLabels, settings: LossSettings): LossDenominators {
  const numRegions = countOf(labels.isRegion, (is) => is === 1);
  return {
    words: wordPlaces(labels, settings).length,
    matching: labels.isMatched.length,
    objects: numRegions,
    attributes: numRegions,
    features: numRegions,
    answers: countOf(labels.answers, (answer) => answer >= 0),
  };
}

export interface PretrainingLosses {
  /** A scalar with its graph: the weighted sum of all. */
  readonly total: Tensor;
  /** Scalars, unweighted; absent where the weight is 0. */
  readonly losses: Readonly<Partial<Record<LossKey, Tensor>>>;
}

/**
 * The losses of a batch. Call it inside a scope.
 *
 * Where a batch has nothing to predict, no masked word for example, that loss is 0 (the reference gets NaN) and its
 * head has gradients of 0, so that the optimizer treats it as in other batches.
 *
 * @param denominators of the whole batch, when this is a part of one
 */
export function pretrainingLosses(
  model: PretrainingModel,
  { inputs, labels }: PretrainingBatch,
  settings: LossSettings,
  options: { readonly training?: boolean; readonly denominators?: LossDenominators } = {},
): PretrainingLosses {
  const denominators = options.denominators ?? lossDenominators(labels, settings);
  const places = predictionPlaces(labels, settings);
  const outputs = model.forward(inputs, places, { training: options.training ?? false });
  const sums = lossSums(outputs, places, labels, settings);
  const losses: Partial<Record<LossKey, Tensor>> = {};
  let total: Tensor | undefined;
  for (const key of LOSS_KEYS) {
    const sum = sums[key];
    if (sum === undefined) continue;
    const loss = ops.div(sum, Math.max(1, denominators[key]));
    losses[key] = loss;
    const weight = settings.weights[key];
    const weighted = weight === 1 ? loss : ops.mul(loss, weight);
    total = total === undefined ? weighted : ops.add(total, weighted);
  }
  if (total === undefined) throw new RangeError('Every loss has the weight 0.');
  return { total, losses };
}

/** What the losses need of each head; at least one place each, which may count nothing. */
export function predictionPlaces(labels: PretrainingLabels, settings: LossSettings): PredictionPlaces {
  const { weights, onlyMaskedRegions } = settings;
  const masked = atLeastOne(placesOf(labels.regionMask, (is) => is === 1));
  const classified = onlyMaskedRegions ? masked : atLeastOne(placesOf(labels.isRegion, (is) => is === 1));
  const answered = atLeastOne(placesOf(labels.answers, (answer) => answer >= 0));
  return {
    words: weights.words === 0 ? undefined : atLeastOne(wordPlaces(labels, settings)),
    matching: weights.matching !== 0,
    objects: weights.objects === 0 ? undefined : classified,
    attributes: weights.attributes === 0 ? undefined : classified,
    features: weights.features === 0 ? undefined : masked,
    answers: weights.answers === 0 ? undefined : answered,
  };
}

/**
 * What the losses are before they are divided: scalars with their graph.
 *
 * @param places what `outputs` has rows for
 */
export function lossSums(
  outputs: PretrainingOutputs,
  places: PredictionPlaces,
  labels: PretrainingLabels,
  { onlyMaskedRegions }: Pick<LossSettings, 'onlyMaskedRegions'>,
): Partial<Record<LossKey, Tensor>> {
  const { words, matching, objects, attributes, features, answers } = outputs;
  const classified = onlyMaskedRegions ? labels.regionMask : labels.isRegion;
  const scale = (at: Int32Array | undefined, counts: Uint8Array): number =>
    at?.some((place) => counts[place] === 1) === true ? REGION_SCALE : 0;
  const regions = (
    logits: Tensor,
    at: Int32Array | undefined,
    classes: Tensor,
    confidences: Tensor,
  ): Tensor => ops.mul(classSum(logits, classes, confidences, at), scale(at, classified));
  return {
    ...(words && { words: sumOverLabelled(words, labels.words, places.words) }),
    ...(matching && { matching: sumOverLabelled(matching, Int32Array.from(labels.isMatched)) }),
    ...(objects && {
      objects: regions(objects, places.objects, labels.objects, labels.objectConfidences),
    }),
    ...(attributes && {
      attributes: regions(attributes, places.attributes, labels.attributes, labels.attributeConfidences),
    }),
    ...(features && {
      features: ops.mul(
        featureSum(features, labels.features, places.features),
        scale(places.features, labels.regionMask),
      ),
    }),
    ...(answers && { answers: sumOverLabelled(answers, labels.answers, places.answers) }),
  };
}

/** Cross-entropy, summed over rows (rows, classes) whose label is not -1. */
function sumOverLabelled(logits: Tensor, labels: Int32Array, places?: Int32Array): Tensor {
  const own = places === undefined ? labels : places.map((place) => labels[place] ?? -1);
  return ops.crossEntropy(logits, int64(own), { reduction: 'sum', ignoreIndex: -1 });
}

/** Cross-entropy against the detector's class times its confidence: (rows, classes) -> scalar */
function classSum(
  logits: Tensor,
  classes: Tensor,
  confidences: Tensor,
  places: Int32Array = new Int32Array(),
): Tensor {
  const at = fromTypedArray(places, [places.length]);
  const own = (values: Tensor): Tensor => ops.indexSelect(ops.reshape(values, [-1]), 0, at); // (B, N) -> (rows)
  const each = ops.crossEntropy(logits, own(classes), { reduction: 'none' });
  return ops.sum(ops.mul(each, own(confidences)));
}

/** Smooth L1, the mean over a region's values, summed over regions: (rows, F) -> scalar */
function featureSum(predicted: Tensor, features: Tensor, places: Int32Array = new Int32Array()): Tensor {
  const [, , size = 1] = features.shape;
  const at = fromTypedArray(places, [places.length]);
  const wanted = ops.indexSelect(ops.reshape(features, [-1, size]), 0, at); // (B, N, F) -> (rows, F)
  return ops.div(ops.sum(ops.smoothL1(predicted, ops.to(wanted, 'float32'), 'none')), size);
}

function wordPlaces({ words, isMatched }: PretrainingLabels, { onlyMatchedWords }: LossSettings): Int32Array {
  const width = words.length / Math.max(1, isMatched.length);
  return placesOf(
    words,
    (label, place) => label >= 0 && (!onlyMatchedWords || isMatched[Math.floor(place / width)] === 1),
  );
}

function placesOf(values: ArrayLike<number>, holds: (value: number, place: number) => boolean): Int32Array {
  const places: number[] = [];
  for (let place = 0; place < values.length; place++) {
    if (holds(values[place] ?? 0, place)) places.push(place);
  }
  return Int32Array.from(places);
}

function countOf(values: ArrayLike<number>, holds: (value: number) => boolean): number {
  return placesOf(values, holds).length;
}

/** A place that counts nothing where there is none: every batch begins with a word, [CLS], with a region and with an example. */
function atLeastOne(places: Int32Array): Int32Array {
  return places.length > 0 ? places : new Int32Array(1);
}

function int64(values: Int32Array): Tensor {
  return ops.to(fromTypedArray(values, [values.length]), 'int64');
}
