/** @file What pre-training is, in one object, as tasks that are fine-tuned are ({@link Task}): five losses at once. */

import type { ReadCorpus, ReadCorpusOptions } from '../../data/pretraining/readCorpus.js';
import type { SampledExample, SamplingSettings } from '../../data/pretraining/sampling.js';
import type { LxmertConfig, PretrainingClasses, PretrainingModel } from '../../model/index.js';
import type { CommandHelp, TaskDefaults } from '../task.js';
import type { StepLoss } from '../taskTraining.js';
import type { BatchSources } from './batch.js';
import type { EvaluationOptions, PretrainingScores, PretrainingTally } from './evaluate.js';
import type { LossDenominators, LossKey, LossSettings, PretrainingBatch } from './labels.js';
import type { PlacedPretrainingBatch, PlacePretrainingOptions } from './placedBatch.js';

/** A head, and the loss that trains it. */
export interface PretrainingHead {
  readonly name: LossKey;
  /** As the reference's log calls its loss. */
  readonly title: string;
  /** What the names of its tensors begin with in checkpoints. */
  readonly prefix: string;
}

export interface PretrainingTask {
  /** In commands, and in a run's config.json. */
  readonly name: string;
  readonly title: string;
  /** In the reference's order. */
  readonly heads: readonly PretrainingHead[];
  /** @throws LxmertError when no sentence is left, UsageError for a data set that the files do not have */
  read(options: ReadCorpusOptions): Promise<ReadCorpus>;
  /** Draws the weights. */
  model(config: LxmertConfig, classes: PretrainingClasses): PretrainingModel;
  /** Tensors and labels of sampled examples. Call it inside a scope. */
  batch(examples: readonly SampledExample[], sources: BatchSources): PretrainingBatch;
  /** What each loss's sum is divided by; of parts of a batch they add up. */
  counts(batch: PretrainingBatch, losses: LossSettings): LossDenominators;
  /** Brings a batch to where the model computes. Call it inside a scope. */
  place(
    model: PretrainingModel,
    batch: PretrainingBatch,
    losses: LossSettings,
    options: PlacePretrainingOptions,
  ): PlacedPretrainingBatch;
  /** The weighted sum of the losses, and each by the title of its head. */
  trainingLoss(model: PretrainingModel, placed: PlacedPretrainingBatch, losses: LossSettings): StepLoss;
  /** Sums over a split; those of its parts are joined by {@link scores}. */
  evaluate(
    model: PretrainingModel,
    sources: BatchSources,
    options: EvaluationOptions,
  ): Promise<PretrainingTally>;
  scores(tallies: readonly PretrainingTally[], losses: LossSettings): PretrainingScores;
  /** Scores by the names of metrics.jsonl: each loss by its title, each share that is right as `accuracy_...`. */
  measures(scores: PretrainingScores): Readonly<Record<string, number>>;
  readonly sampling: SamplingSettings;
  readonly losses: LossSettings;
  readonly defaults: TaskDefaults;
  readonly help: Readonly<Record<'pretrain' | 'evaluate', CommandHelp>>;
}
