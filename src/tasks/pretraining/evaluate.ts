/** @file How well a model does the tasks of pre-training on a split: each loss, and what of it can be counted right. */

import { setImmediate } from 'node:timers/promises';
import { type Progress, silentProgress } from '../../common/progress.js';
import { sequentialBatches } from '../../data/epochSampler.js';
import { drawsOf } from '../../data/pretraining/draws.js';
import {
  type SampledExample,
  type SamplingSettings,
  sampleExample,
} from '../../data/pretraining/sampling.js';
import type { PretrainingModel } from '../../model/index.js';
import { noGrad, scope, type Tensor } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';
import { type BatchSources, pretrainingBatch, requireLabels, sentencePieces } from './batch.js';
import {
  LOSS_KEYS,
  type LossDenominators,
  type LossKey,
  type LossSettings,
  lossDenominators,
  type PretrainingLabels,
  predictionPlaces,
} from './labels.js';
import { lossSums } from './losses.js';
import { placeLabels } from './placedBatch.js';

export interface EvaluationOptions {
  readonly sampling: SamplingSettings;
  readonly losses: LossSettings;
  /** Words of a sentence, at most. */
  readonly maxLength: number;
  readonly batchSize: number;
  /** Those of the corpus to evaluate on; all when absent. */
  readonly examples?: readonly number[];
  /** The same seed masks the same words and regions, so that two models can be compared. */
  readonly seed: number;
  readonly progress?: Progress;
  readonly signal?: AbortSignal | undefined;
}

/** A share of what could be right. */
export interface Share {
  readonly right: number;
  readonly of: number;
}

/** Sums over a split; those of parts of it add up. */
export interface PretrainingTally {
  readonly sums: Readonly<Record<LossKey, number>>;
  readonly denominators: LossDenominators;
  readonly words: Share;
  readonly matching: Share;
  /** By data set: questions shown with their own image, and the score of the model's answer to each. */
  readonly answers: Readonly<Record<string, Share>>;
  /** As the reference counts: questions that were exchanged for another sentence as well. */
  readonly answersOfAllPairs: Share;
}

/**
 * Evaluates a split in its order, with words and regions masked and sentences exchanged as in training. Losses are
 * sums over the whole split divided once, so that they do not depend on the batch size.
 */
export async function evaluatePretraining(
  model: PretrainingModel,
  sources: BatchSources,
  options: EvaluationOptions,
): Promise<PretrainingTally> {
  const { corpus, features, tokenizer } = sources;
  const { sampling, maxLength, seed, progress = silentProgress } = options;
  requireLabels(features, options.losses);
  const text = sentencePieces(tokenizer, maxLength);
  const numRegionsOf = (image: number): number => features.numBoxesOf(corpus.imageIds[image] ?? '');
  const tally = new Tally();
  const numExamples = options.examples?.length ?? corpus.size;
  for (const batch of sequentialBatches(numExamples, options.batchSize)) {
    options.signal?.throwIfAborted();
    const examples = batch.map((place) => {
      const example = options.examples?.[place] ?? place;
      const draws = drawsOf(seed, 'evaluation', example);
      return sampleExample(corpus, example, text, numRegionsOf, sampling, draws);
    });
    scope(() => noGrad(() => tally.add(model, examples, sources, options.losses)));
    progress.update((batch.at(-1) ?? 0) + 1, numExamples);
    // Lets signals and timers through between batches.
    await setImmediate();
  }
  return tally;
}

/** The tally of a split from those of its parts. */
export function mergedTallies(tallies: readonly PretrainingTally[]): PretrainingTally {
  const merged = new Tally();
  for (const tally of tallies) merged.merge(tally);
  return merged;
}

/** A tally as the numbers that people ask for; what was not asked of the model is absent. */
export interface PretrainingScores {
  /** The weighted sum of the losses. */
  readonly loss: number;
  readonly losses: Readonly<Partial<Record<LossKey, number>>>;
  /** Shares from 0 to 1 that were right. */
  readonly wordAccuracy: number | undefined;
  readonly matchingAccuracy: number | undefined;
  /** Over questions shown with their own image. */
  readonly answerAccuracy: number | undefined;
  /** As the reference counts it: over exchanged questions as well. */
  readonly answerAccuracyOfAllPairs: number | undefined;
  readonly answersByDataSet: readonly {
    readonly dataSet: string;
    readonly accuracy: number;
    readonly numQuestions: number;
  }[];
}

export function pretrainingScores(tally: PretrainingTally, { weights }: LossSettings): PretrainingScores {
  const losses: Partial<Record<LossKey, number>> = {};
  let loss = 0;
  for (const key of LOSS_KEYS) {
    if (weights[key] === 0) continue;
    losses[key] = tally.sums[key] / Math.max(1, tally.denominators[key]);
    loss += weights[key] * losses[key];
  }
  const share = ({ right, of }: Share): number | undefined => (of === 0 ? undefined : right / of);
  const answers = Object.entries(tally.answers).sort(([a], [b]) => (a < b ? -1 : 1));
  const all = answers.reduce((sum, [, { right, of }]) => ({ right: sum.right + right, of: sum.of + of }), {
    right: 0,
    of: 0,
  });
  return {
    loss,
    losses,
    wordAccuracy: share(tally.words),
    matchingAccuracy: share(tally.matching),
    answerAccuracy: share(all),
    answerAccuracyOfAllPairs: share(tally.answersOfAllPairs),
    answersByDataSet: answers.map(([dataSet, { right, of }]) => ({
      dataSet,
      accuracy: right / of,
      numQuestions: of,
    })),
  };
}

class Tally implements PretrainingTally {
  readonly sums = zeros();
  readonly denominators = zeros();
  readonly words = { right: 0, of: 0 };
  readonly matching = { right: 0, of: 0 };
  readonly answers: Record<string, { right: number; of: number }> = {};
  readonly answersOfAllPairs = { right: 0, of: 0 };

  add(
    model: PretrainingModel,
    examples: readonly SampledExample[],
    sources: BatchSources,
    settings: LossSettings,
  ): void {
    const { corpus } = sources;
    const { inputs, labels } = pretrainingBatch(examples, sources);
    const isAnswering = settings.weights.answers !== 0 && model.answerHead !== undefined;
    const questions = examples.flatMap(({ example }, row) => (corpus.isQuestion(example) ? [row] : []));
    const places = {
      ...predictionPlaces(labels, settings),
      // Questions whose label names no known answer count too, as wrong.
      answers: isAnswering && questions.length > 0 ? Int32Array.from(questions) : undefined,
    };
    const outputs = model.forward(inputs, places);
    const denominators = lossDenominators(labels, settings);
    const sums = lossSums(outputs, placeLabels(labels, places, settings, model.device, { denominators }));
    for (const key of LOSS_KEYS) {
      this.sums[key] += sums[key]?.item() ?? 0;
      this.denominators[key] += denominators[key];
    }
    if (outputs.words !== undefined) count(this.words, outputs.words, labels.words, places.words);
    if (outputs.matching !== undefined) {
      count(this.matching, outputs.matching, Int32Array.from(labels.isMatched));
    }
    if (outputs.answers !== undefined) {
      this.#addAnswers(bestOf(outputs.answers), questions, examples, labels, sources);
    }
  }

  merge(other: PretrainingTally): void {
    for (const key of LOSS_KEYS) {
      this.sums[key] += other.sums[key];
      this.denominators[key] += other.denominators[key];
    }
    addShare(this.words, other.words);
    addShare(this.matching, other.matching);
    addShare(this.answersOfAllPairs, other.answersOfAllPairs);
    for (const [source, share] of Object.entries(other.answers)) {
      this.answers[source] ??= { right: 0, of: 0 };
      addShare(this.answers[source], share);
    }
  }

  #addAnswers(
    best: Int32Array,
    questions: readonly number[],
    examples: readonly SampledExample[],
    labels: PretrainingLabels,
    { corpus }: BatchSources,
  ): void {
    for (const [i, row] of questions.entries()) {
      const example = examples[row]?.example ?? 0;
      const { rows, scores } = corpus.answers(example);
      const score = scores[rows.indexOf(best[i] ?? -1)] ?? 0;
      this.answersOfAllPairs.right += score;
      this.answersOfAllPairs.of++;
      if (labels.isMatched[row] !== 1) continue;
      const source = corpus.sourceOf(example);
      this.answers[source] ??= { right: 0, of: 0 };
      this.answers[source].right += score;
      this.answers[source].of++;
    }
  }
}

function addShare(sum: { right: number; of: number }, share: Share): void {
  sum.right += share.right;
  sum.of += share.of;
}

/** Counts rows whose largest logit is the label's; those labelled -1 do not count. */
function count(
  share: { right: number; of: number },
  logits: Tensor,
  labels: Int32Array,
  places: Int32Array = Int32Array.from(labels.keys()),
): void {
  for (const [row, best] of bestOf(logits).entries()) {
    const label = labels[places[row] ?? 0] ?? -1;
    if (label < 0) continue;
    share.of++;
    if (best === label) share.right++;
  }
}

/** (rows, classes) -> (rows) */
function bestOf(logits: Tensor): Int32Array {
  // Exact, since there are far fewer classes than 2^24.
  return Int32Array.from(ops.argmax(logits, 1).toFloat32Array());
}

function zeros(): Record<LossKey, number> {
  return { words: 0, matching: 0, objects: 0, attributes: 0, features: 0, answers: 0 };
}
