/** @file A batch of pre-training where the model computes: inputs, what each head is to predict, and the labels. */

import type {
  PlacedInputs,
  PlacedPredictions,
  PredictionPlaces,
  PretrainingModel,
} from '../../model/index.js';
import { type Device, fromTypedArray, place, scope, type Tensor } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';
import {
  LOSS_KEYS,
  type LossDenominators,
  type LossSettings,
  lossDenominators,
  type PretrainingBatch,
  type PretrainingLabels,
  predictionPlaces,
} from './labels.js';

/** The region losses are means over all regions, of which 15 % are masked: times this, they are as over the masked. */
const REGION_SCALE = 1 / 0.15;

/** Labels in the order of the heads' rows; undefined where a head does not run. */
export interface PlacedLabels {
  /** (words) int64, -1 for rows that do not count */
  readonly words: Tensor | undefined;
  /** (B) int64 */
  readonly matching: Tensor | undefined;
  readonly objects: PlacedClasses | undefined;
  readonly attributes: PlacedClasses | undefined;
  readonly features: PlacedFeatures | undefined;
  /** (examples) int64 */
  readonly answers: Tensor | undefined;
  /** (losses) float32, in the order of `LOSS_KEYS`: what each sum is divided by */
  readonly denominators: Tensor;
}

export interface PlacedClasses {
  /** (regions) int64 */
  readonly classes: Tensor;
  /** (regions) float32 */
  readonly confidences: Tensor;
  /** What the sum is multiplied by; 0 when no region counts. */
  readonly scale: number;
}

export interface PlacedFeatures {
  /** (regions, F) */
  readonly wanted: Tensor;
  /** (regions, 1) float32: 0 for rows that do not count; null when all do */
  readonly counts: Tensor | null;
  readonly scale: number;
}

export interface PlacedPretrainingBatch {
  readonly inputs: PlacedInputs;
  readonly places: PlacedPredictions;
  readonly labels: PlacedLabels;
}

export interface PlacePretrainingOptions {
  /** Of the whole batch, when this is a part of one. */
  readonly denominators?: LossDenominators | undefined;
  /** Rows come in multiples of this, the further ones counting nothing, so that batches have few different shapes. */
  readonly rowUnit?: number | undefined;
}

/** Brings a batch to where the model computes. Call it inside a scope. */
export function placePretrainingBatch(
  model: PretrainingModel,
  { inputs, labels }: PretrainingBatch,
  settings: LossSettings,
  { denominators = lossDenominators(labels, settings), rowUnit = 1 }: PlacePretrainingOptions = {},
): PlacedPretrainingBatch {
  const placed = model.encoder.place(inputs, { rowUnit });
  const places = predictionPlaces(labels, settings);
  const filled = filledPlaces(places, rowUnit);
  return {
    inputs: placed,
    places: model.placePredictions(placed, filled),
    labels: placeLabels(labels, places, settings, model.device, { denominators, filled }),
  };
}

interface LabelPlaces {
  readonly denominators: LossDenominators;
  /** `places` with rows that count nothing behind them. */
  readonly filled?: PredictionPlaces;
}

/** The labels of `places` on `device`. Call it inside a scope. */
export function placeLabels(
  labels: PretrainingLabels,
  places: PredictionPlaces,
  { onlyMaskedRegions }: Pick<LossSettings, 'onlyMaskedRegions'>,
  device: Device,
  { denominators, filled = places }: LabelPlaces,
): PlacedLabels {
  const placed = (make: () => Tensor): Tensor => place(scope(make), device);
  const classified = onlyMaskedRegions ? labels.regionMask : labels.isRegion;
  const scale = (at: Int32Array, counts: Uint8Array): number =>
    at.some((region) => counts[region] === 1) ? REGION_SCALE : 0;
  const classes = (at: Int32Array, values: Tensor, confidences: Tensor): PlacedClasses => ({
    classes: placed(() => rowsOf(values, at)),
    confidences: placed(() => rowsOf(confidences, at)),
    scale: scale(at, classified),
  });
  const labelled = (at: Int32Array, all: Int32Array, length: number): Tensor => {
    const own = new Int32Array(length).fill(-1);
    for (const [i, where] of at.entries()) own[i] = all[where] ?? -1;
    return placed(() => int64(own));
  };
  const { words, objects, attributes, features, answers } = places;
  return {
    words: words && labelled(words, labels.words, filled.words?.length ?? words.length),
    matching: places.matching === true ? placed(() => int64(Int32Array.from(labels.isMatched))) : undefined,
    objects: objects && classes(objects, labels.objects, labels.objectConfidences),
    attributes: attributes && classes(attributes, labels.attributes, labels.attributeConfidences),
    features: features && {
      wanted: placed(() => rowsOf(labels.features, filled.features ?? features)),
      counts: countsOf(features.length, filled.features?.length ?? features.length, placed),
      scale: scale(features, labels.regionMask),
    },
    answers: answers && labelled(answers, labels.answers, filled.answers?.length ?? answers.length),
    denominators: placed(() =>
      fromTypedArray(Float32Array.from(LOSS_KEYS, (key) => Math.max(1, denominators[key]))),
    ),
  };
}

/** Lists of places brought to a multiple of `unit` with their first place, which then counts nothing. */
function filledPlaces(places: PredictionPlaces, unit: number): PredictionPlaces {
  if (unit === 1) return places;
  const filled = (list: Int32Array | undefined): Int32Array | undefined => {
    if (list === undefined) return undefined;
    const longer = new Int32Array(Math.ceil(list.length / unit) * unit).fill(list[0] ?? 0);
    longer.set(list);
    return longer;
  };
  const { words, features, answers } = places;
  return { ...places, words: filled(words), features: filled(features), answers: filled(answers) };
}

function countsOf(count: number, length: number, placed: (make: () => Tensor) => Tensor): Tensor | null {
  if (count === length) return null;
  return placed(() => fromTypedArray(new Float32Array(length).fill(1, 0, count), [length, 1]));
}

/** (B, N) or (B, N, F) -> (rows) or (rows, F) */
function rowsOf(values: Tensor, at: Int32Array): Tensor {
  const [, , ...rest] = values.shape;
  const flat = ops.reshape(values, [-1, ...rest]);
  return ops.indexSelect(flat, 0, fromTypedArray(at, [at.length]));
}

function int64(values: Int32Array): Tensor {
  return ops.to(fromTypedArray(values, [values.length]), 'int64');
}
