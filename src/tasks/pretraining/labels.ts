/** @file What pre-training predicts of a batch, what each of its losses counts, and how many things it is about. */

import type { LxmertInputs, PredictionPlaces } from '../../model/index.js';
import type { Tensor } from '../../torch/index.js';

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
