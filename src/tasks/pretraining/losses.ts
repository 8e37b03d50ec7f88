/**
 * @file The losses of pre-training, each as a sum over what it is about and the number that the sum is divided by:
 * several processes that share a batch divide by the whole batch's number
 * (docs/how-it-works/reference-implementation.md, "Pre-training losses").
 */

import type { PretrainingModel, PretrainingOutputs } from '../../model/index.js';
import { scope, type Tensor } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';
import {
  LOSS_KEYS,
  type LossDenominators,
  type LossKey,
  type LossSettings,
  type PretrainingBatch,
} from './labels.js';
import {
  type PlacedClasses,
  type PlacedFeatures,
  type PlacedLabels,
  type PlacedPretrainingBatch,
  placePretrainingBatch,
} from './placedBatch.js';

export interface PretrainingLosses {
  /** A scalar with its graph: the weighted sum of all. */
  readonly total: Tensor;
  /** Scalars, unweighted; absent where the weight is 0. */
  readonly losses: Readonly<Partial<Record<LossKey, Tensor>>>;
}

interface LossOptions {
  readonly training?: boolean;
  /** Of the whole batch, when this is a part of one. */
  readonly denominators?: LossDenominators;
}

/**
 * The losses of a batch. Call it inside a scope.
 *
 * Where a batch has nothing to predict, no masked word for example, that loss is 0 (the reference gets NaN) and its
 * head has gradients of 0, so that the optimizer treats it as in other batches.
 */
export function pretrainingLosses(
  model: PretrainingModel,
  batch: PretrainingBatch,
  settings: LossSettings,
  { denominators, training = false }: LossOptions = {},
): PretrainingLosses {
  return scope(() =>
    placedLosses(model, placePretrainingBatch(model, batch, settings, { denominators }), settings, {
      training,
    }),
  );
}

/** As {@link pretrainingLosses}, of a batch that is where the model computes; nothing in it waits for the device. */
export function placedLosses(
  model: PretrainingModel,
  { inputs, places, labels }: PlacedPretrainingBatch,
  settings: LossSettings,
  { training = false }: Pick<LossOptions, 'training'> = {},
): PretrainingLosses {
  const sums = lossSums(model.forwardPlaced(inputs, places, { training }), labels);
  const losses: Partial<Record<LossKey, Tensor>> = {};
  let total: Tensor | undefined;
  for (const [i, key] of LOSS_KEYS.entries()) {
    const sum = sums[key];
    if (sum === undefined) continue;
    const loss = ops.div(sum, ops.select(labels.denominators, 0, i));
    losses[key] = loss;
    const weight = settings.weights[key];
    const weighted = weight === 1 ? loss : ops.mul(loss, weight);
    total = total === undefined ? weighted : ops.add(total, weighted);
  }
  if (total === undefined) throw new RangeError('Every loss has the weight 0.');
  return { total, losses };
}

/** What the losses are before they are divided: scalars with their graph. */
export function lossSums(
  outputs: PretrainingOutputs,
  labels: PlacedLabels,
): Partial<Record<LossKey, Tensor>> {
  const { words, matching, objects, attributes, features, answers } = outputs;
  return {
    ...(words && labels.words && { words: sumOverLabelled(words, labels.words) }),
    ...(matching && labels.matching && { matching: sumOverLabelled(matching, labels.matching) }),
    ...(objects && labels.objects && { objects: classSum(objects, labels.objects) }),
    ...(attributes && labels.attributes && { attributes: classSum(attributes, labels.attributes) }),
    ...(features && labels.features && { features: featureSum(features, labels.features) }),
    ...(answers && labels.answers && { answers: sumOverLabelled(answers, labels.answers) }),
  };
}

/** Cross-entropy, summed over rows (rows, classes) whose label is not -1. */
function sumOverLabelled(logits: Tensor, labels: Tensor): Tensor {
  return ops.crossEntropy(logits, labels, { reduction: 'sum', ignoreIndex: -1 });
}

/** Cross-entropy against the detector's class times its confidence: (rows, classes) -> scalar */
function classSum(logits: Tensor, { classes, confidences, scale }: PlacedClasses): Tensor {
  const each = ops.crossEntropy(logits, classes, { reduction: 'none' });
  return ops.mul(ops.sum(ops.mul(each, confidences)), scale);
}

/** Smooth L1, the mean over a region's values, summed over regions: (rows, F) -> scalar */
function featureSum(predicted: Tensor, { wanted, counts, scale }: PlacedFeatures): Tensor {
  const [, size = 1] = predicted.shape;
  const each = ops.smoothL1(predicted, ops.to(wanted, 'float32'), 'none');
  return ops.mul(ops.div(ops.sum(counts === null ? each : ops.mul(each, counts)), size), scale);
}
