/** @file Pre-training: five tasks at once over sentences and images. */

import { saveCheckpoint } from '../checkpoint/index.js';
import type { AnswerTable } from '../data/answerTable.js';
import type { PretrainingCorpus } from '../data/pretraining/corpus.js';
import { drawsOf } from '../data/pretraining/draws.js';
import { type SamplingSettings, sampleExample } from '../data/pretraining/sampling.js';
import { type PretrainingClasses, PretrainingModel } from '../model/index.js';
import {
  type BatchSources,
  type LabelledRegions,
  pretrainingBatch,
  sentencePieces,
} from '../tasks/pretraining/batch.js';
import {
  evaluatePretraining,
  mergedTallies,
  type PretrainingScores,
  pretrainingScores,
} from '../tasks/pretraining/evaluate.js';
import {
  LOSS_KEYS,
  LOSS_TITLES,
  type LossDenominators,
  type LossKey,
  type LossSettings,
  lossDenominators,
} from '../tasks/pretraining/labels.js';
import { placedLosses } from '../tasks/pretraining/losses.js';
import { placeBatch } from '../tasks/pretraining/placedBatch.js';
import { WordPieceTokenizer } from '../text/index.js';
import { shareOf } from './distributed/shardedBatches.js';
import { overlapNotice } from './notices.js';
import { loadPretrainingWeights, type PretrainingWeights } from './pretrainingWeights.js';
import { RUN_FILES } from './runFolder.js';
import type { EpochMetrics } from './trainingLoop.js';
import { type RunOptions, type RunSettings, type TrainingRunResult, trainInFolder } from './trainingRun.js';

/** The numbers that decide a run, besides data and model. */
export interface PretrainSettings extends RunSettings {
  readonly sampling: SamplingSettings;
  readonly losses: LossSettings;
  /** The first epoch, from 0, that answers questions; the paper's first 10 of 20 epochs do not (section 3.3). */
  readonly qaFromEpoch: number;
}

export interface PretrainOptions extends RunOptions {
  readonly training: PretrainingCorpus;
  readonly validation: PretrainingCorpus;
  readonly features: LabelledRegions;
  readonly classes: PretrainingClasses;
  /** Of the answer head; undefined without question answering. */
  readonly answerTable: AnswerTable | undefined;
  readonly settings: PretrainSettings;
  /** Where the first weights come from; nothing means drawn at random. */
  readonly initialWeights?: PretrainingWeights | undefined;
}

export interface PretrainResult extends TrainingRunResult {
  /** Of the last epoch's evaluation. */
  readonly scores: PretrainingScores | undefined;
}

/** Names of the weights in a run folder, the reference's. */
export const PRETRAINED_FILES = {
  best: RUN_FILES.bestPretrained,
  last: 'LAST_LXRT.pth',
  /** @param epoch from 0; names count from 1 */
  epoch: (epoch: number): string => `Epoch${String(epoch + 1).padStart(2, '0')}_LXRT.pth`,
} as const;

/**
 * Trains and leaves in the run folder, besides what every run leaves, the weights of each epoch and those with the
 * lowest validation loss, under the reference's names.
 */
export async function pretrain(options: PretrainOptions): Promise<PretrainResult> {
  const { training, validation, features, settings, config, classes, answerTable, run, initialWeights } =
    options;
  let scores: PretrainingScores | undefined;
  const result = await trainInFolder(options, {
    task: 'pretrain',
    settings,
    data: {
      trainingSentences: training.size,
      trainingImages: training.imageIds.length,
      validationSentences: validation.size,
      numAnswers: answerTable?.size ?? 0,
    },
    numExamples: training.size,
    answerTable,
    makeModel: () => new PretrainingModel(config, classes),
    loadWeights:
      initialWeights && ((model, say) => loadPretrainingWeights(initialWeights, model, answerTable, say)),
    start: ({ model, optimizer, numBatches, rowUnit, say, inShares }) => {
      const overlap = overlapNotice(training.imageIds, validation.imageIds);
      if (overlap !== undefined) say(overlap);
      const tokenizer = new WordPieceTokenizer(options.vocabulary);
      const text = sentencePieces(tokenizer, settings.maxLength);
      const isOnGpu = model.device !== 'cpu';
      const sources: BatchSources = {
        corpus: training,
        features,
        tokenizer,
        classes,
        // Half of what travels to a card, whose kernels widen the numbers there.
        forCard: isOnGpu,
      };
      const numRegionsOf = (image: number): number => features.numBoxesOf(training.imageIds[image] ?? '');
      let losses = settings.losses;
      return {
        better: 'lower',
        // The loss of an epoch with question answering has one term more.
        comparableFrom: (epoch) => (epoch >= settings.qaFromEpoch ? settings.qaFromEpoch : 0),
        lastFile: PRETRAINED_FILES.last,
        startEpoch: (epoch) => {
          losses = epoch < settings.qaFromEpoch ? withoutAnswers(settings.losses) : settings.losses;
          if (epoch >= settings.qaFromEpoch && settings.qaFromEpoch > 0) {
            optimizer.join((name) => name.startsWith('answer_head.'), settings.qaFromEpoch * numBatches);
          }
        },
        prepare: (examples, epoch) =>
          pretrainingBatch(
            examples.map((example) => {
              const draws = drawsOf(settings.seed, `epoch ${epoch}`, example);
              return sampleExample(training, example, text, numRegionsOf, settings.sampling, draws);
            }),
            sources,
          ),
        foresee: (examples) => {
          const images = examples.map((example) => training.imageIdOf(example));
          if (images.length === 0) return;
          if (isOnGpu) features.prefetchBatch?.(images);
          else features.prefetch?.(images);
        },
        counts: ({ labels }) => ({ ...lossDenominators(labels, losses) }),
        place: (batch, whole) =>
          placeBatch(model, batch, losses, {
            rowUnit,
            denominators: whole as LossDenominators | undefined,
          }),
        loss: (placed) => {
          const { total, losses: each } = placedLosses(model, placed, losses, { training: true });
          return { total, parts: titled(each) };
        },
        evaluate: async (signal) => {
          const all = Array.from({ length: validation.size }, (_, example) => example);
          const tallies = await inShares(
            (sharding, until) =>
              evaluatePretraining(
                model,
                { ...sources, corpus: validation },
                { ...settings, losses, signal: until, examples: shareOf(all, sharding) },
              ),
            signal,
          );
          scores = pretrainingScores(mergedTallies(tallies), losses);
          return { score: scores.loss, details: detailsOf(scores) };
        },
        save: async (name, epoch) => {
          const file =
            name === 'BEST'
              ? PRETRAINED_FILES.best
              : epoch === undefined
                ? PRETRAINED_FILES.last
                : PRETRAINED_FILES.epoch(epoch);
          await saveCheckpoint(run.file(file), model.checkpointTensors(), 'reference-pretraining');
          await answerTable?.savePretraining(run.file(RUN_FILES.pretrainingAnswers));
        },
        describeEpoch,
      };
    },
  });
  return { ...result, scores };
}

function withoutAnswers(settings: LossSettings): LossSettings {
  return { ...settings, weights: { ...settings.weights, answers: 0 } };
}

/** By the names of the reference's log, in its order. */
function titled<T>(values: Readonly<Partial<Record<LossKey, T>>>): Record<string, T> {
  const named: Record<string, T> = {};
  for (const key of LOSS_KEYS) {
    const value = values[key];
    if (value !== undefined) named[LOSS_TITLES[key]] = value;
  }
  return named;
}

function detailsOf(scores: PretrainingScores): Record<string, number> {
  const accuracies = {
    accuracy_Mask_LM: scores.wordAccuracy,
    accuracy_Matched: scores.matchingAccuracy,
    accuracy_QA: scores.answerAccuracy,
    ...Object.fromEntries(
      scores.answersByDataSet.map(({ dataSet, accuracy }) => [`accuracy_QA_${dataSet}`, accuracy]),
    ),
  };
  const known = Object.entries(accuracies).filter(
    (entry): entry is [string, number] => entry[1] !== undefined,
  );
  return { ...titled(scores.losses), ...Object.fromEntries(known) };
}

function describeEpoch(metrics: EpochMetrics): string {
  const { epoch, meanLoss, meanLosses = {}, score, bestScore, isBest, seconds, validation = {} } = metrics;
  const list = (values: Readonly<Record<string, number>>): string =>
    Object.values(LOSS_TITLES)
      .filter((title) => values[title] !== undefined)
      .map((title) => `${title} ${values[title]?.toFixed(4)}`)
      .join(', ');
  const { accuracy_QA: accuracy } = validation;
  const answered = accuracy === undefined ? '' : `, QA accuracy ${(100 * accuracy).toFixed(2)} %`;
  const best = isBest ? ', the best so far' : `, best ${bestScore.toFixed(4)}`;
  return [
    `Epoch ${epoch}: loss ${meanLoss.toFixed(4)} (${list(meanLosses)});`,
    `valid ${score.toFixed(4)}${best} (${list(validation)})${answered} (${seconds.toFixed(1)} s)`,
  ].join(' ');
}
