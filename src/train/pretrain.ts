/** @file Pre-training: five tasks at once over sentences and images. */

import { rm } from 'node:fs/promises';
import { saveCheckpoint } from '../checkpoint/index.js';
import type { AnswerTable } from '../data/answerTable.js';
import { savePretrainingAnswers } from '../data/answerTableFiles.js';
import type { PretrainingCorpus } from '../data/pretraining/corpus.js';
import { drawsOf } from '../data/pretraining/draws.js';
import { type SamplingSettings, sampleExample } from '../data/pretraining/sampling.js';
import { formatPercent } from '../formats/numbers.js';
import type { LxmertConfig, PretrainingClasses, PretrainingModel } from '../model/index.js';
import {
  type Counts,
  type EpochMetrics,
  type Evaluation,
  type EvaluationContext,
  type StepLoss,
  shareOf,
  type TaskTraining,
  type TrainingContext,
} from '../tasks/index.js';
import {
  type BatchSources,
  type LabelledRegions,
  type LossDenominators,
  type LossSettings,
  type PlacedPretrainingBatch,
  type PretrainingBatch,
  type PretrainingScores,
  task as pretraining,
  requireLabels,
  sentencePieces,
} from '../tasks/pretraining/index.js';
import { type Vocabulary, WordPieceTokenizer } from '../text/index.js';
import { manualSeed } from '../torch/index.js';
import { overlapNotice } from './notices.js';
import { loadPretrainingWeights, type PretrainingWeights } from './pretrainingWeights.js';
import { PRETRAINED_FILES, RUN_FILES, type RunFolder } from './runFolder.js';
import { withPrefix } from './snapshots/sameData.js';
import { Trainer, type TrainerResult } from './trainer.js';
import type { RunOptions, TrainingSettings } from './trainerOptions.js';

/** The numbers that decide a run, besides data and model. */
export interface PretrainSettings extends TrainingSettings {
  readonly sampling: SamplingSettings;
  readonly losses: LossSettings;
  /** The first epoch, from 0, that answers questions; the paper's first 10 of 20 epochs do not (section 3.3). */
  readonly qaFromEpoch: number;
}

export interface PretrainOptions extends RunOptions {
  readonly run: RunFolder;
  readonly config: LxmertConfig;
  readonly vocabulary: Vocabulary;
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

export interface PretrainResult extends TrainerResult {
  readonly runFolder: string;
  /** Of the last epoch's evaluation. */
  readonly scores: PretrainingScores | undefined;
}

/**
 * Trains and leaves in the run folder, besides what every run leaves, the weights of each epoch and those with the
 * lowest validation loss, under the reference's names.
 */
export async function pretrain(options: PretrainOptions): Promise<PretrainResult> {
  const { settings, config, classes, answerTable, initialWeights } = options;
  requireLabels(options.features, settings.losses);
  manualSeed(settings.seed);
  const model = pretraining.model(config, classes);
  try {
    const task = new PretrainingTraining(model, options);
    const trainer = new Trainer({
      ...options,
      model,
      task,
      loadWeights:
        initialWeights && ((say) => loadPretrainingWeights(initialWeights, model, answerTable, say)),
    });
    const result = await trainer.train();
    return { ...result, runFolder: options.run.path, scores: task.scores };
  } finally {
    model.dispose();
  }
}

/** The five pre-training tasks over one corpus. */
class PretrainingTraining implements TaskTraining<PretrainingBatch, PlacedPretrainingBatch> {
  readonly name = pretraining.name;
  readonly better = 'lower';
  readonly lastFile = PRETRAINED_FILES.last;
  /** Of the last evaluation. */
  scores: PretrainingScores | undefined;
  readonly #sources: BatchSources;
  readonly #text: ReturnType<typeof sentencePieces>;
  /** Those of the epoch. */
  #losses: LossSettings;
  #context: TrainingContext | undefined;

  constructor(
    private readonly model: PretrainingModel,
    private readonly options: PretrainOptions,
  ) {
    const { training, features, classes, settings } = options;
    const tokenizer = new WordPieceTokenizer(options.vocabulary);
    this.#text = sentencePieces(tokenizer, settings.maxLength);
    this.#losses = settings.losses;
    this.#sources = { corpus: training, features, tokenizer, classes };
  }

  get numExamples(): number {
    return this.options.training.size;
  }

  get answerTable(): AnswerTable | undefined {
    return this.options.answerTable;
  }

  get data(): Readonly<Record<string, number>> {
    const { training, validation, answerTable } = this.options;
    return {
      trainingSentences: training.size,
      trainingImages: training.imageIds.length,
      validationSentences: validation.size,
      numAnswers: answerTable?.size ?? 0,
    };
  }

  contentHashes(): Readonly<Record<string, string>> {
    const { training, validation, features } = this.options;
    const ofFeatures = features.contentHash?.();
    return {
      ...withPrefix('training', training.contentHashes()),
      ...withPrefix('validation', validation.contentHashes()),
      ...(ofFeatures !== undefined && { features: ofFeatures }),
    };
  }

  /** The loss of an epoch with question answering has one term more. */
  comparableFrom(epoch: number): number {
    const { qaFromEpoch } = this.options.settings;
    return epoch >= qaFromEpoch ? qaFromEpoch : 0;
  }

  begin(context: TrainingContext): void {
    this.#context = context;
    const { training, validation } = this.options;
    for (const line of [...training.notices, ...validation.notices]) context.say(line);
    const overlap = overlapNotice(training.imageIds, validation.imageIds);
    if (overlap !== undefined) context.say(overlap);
  }

  startEpoch(epoch: number): void {
    const { losses, qaFromEpoch } = this.options.settings;
    this.#losses = epoch < qaFromEpoch ? withoutAnswers(losses) : losses;
    if (epoch < qaFromEpoch || qaFromEpoch === 0 || this.#context === undefined) return;
    const numStepsBefore = qaFromEpoch * this.#context.numBatches;
    this.#context.joinOptimizer((name) => name.startsWith('answer_head.'), numStepsBefore);
  }

  /** Half of what travels to a GPU, whose kernels widen the numbers there. */
  #sourcesOf(corpus: PretrainingCorpus): BatchSources {
    return { ...this.#sources, corpus, forGpu: this.model.device !== 'cpu' };
  }

  prepare(examples: readonly number[], epoch: number): PretrainingBatch {
    const { training, features, settings } = this.options;
    const numRegionsOf = (image: number): number => features.numBoxesOf(training.imageIds[image] ?? '');
    const samples = examples.map((example) => {
      const draws = drawsOf(settings.seed, `epoch ${epoch}`, example);
      return sampleExample(training, example, this.#text, numRegionsOf, settings.sampling, draws);
    });
    return pretraining.batch(samples, this.#sourcesOf(training));
  }

  prefetch(examples: readonly number[]): void {
    const { training, features } = this.options;
    const images = examples.map((example) => training.imageIdOf(example));
    if (images.length === 0) return;
    if (this.model.device === 'cpu') features.prefetch?.(images);
    else features.prefetchBatch?.(images);
  }

  counts(batch: PretrainingBatch): Counts {
    return { ...pretraining.counts(batch, this.#losses) };
  }

  place(batch: PretrainingBatch, whole?: Counts): PlacedPretrainingBatch {
    return pretraining.place(this.model, batch, this.#losses, {
      rowUnit: this.#context?.rowUnit ?? 1,
      denominators: whole as LossDenominators | undefined,
    });
  }

  loss(placed: PlacedPretrainingBatch): StepLoss {
    return pretraining.trainingLoss(this.model, placed, this.#losses);
  }

  async evaluate({ inShares }: EvaluationContext): Promise<Evaluation> {
    const { validation, settings } = this.options;
    const all = Array.from({ length: validation.size }, (_, example) => example);
    const tallies = await inShares((sharding, signal) =>
      pretraining.evaluate(this.model, this.#sourcesOf(validation), {
        ...settings,
        losses: this.#losses,
        signal,
        examples: shareOf(all, sharding),
      }),
    );
    this.scores = pretraining.scores(tallies, this.#losses);
    return { score: this.scores.loss, details: pretraining.measures(this.scores) };
  }

  async save(name: 'BEST' | 'LAST', epoch: number | undefined): Promise<void> {
    const { run, answerTable } = this.options;
    const last = epoch === undefined ? PRETRAINED_FILES.last : PRETRAINED_FILES.epoch(epoch);
    const file = run.file(name === 'BEST' ? PRETRAINED_FILES.best : last);
    await saveCheckpoint(file, this.model.checkpointTensors(), 'reference-pretraining');
    if (answerTable !== undefined)
      await savePretrainingAnswers(answerTable, run.file(RUN_FILES.pretrainingAnswers));
    // What an interruption left is older than the epoch's own weights now, and its name says the opposite.
    if (name === 'LAST' && epoch !== undefined) await rm(run.file(PRETRAINED_FILES.last), { force: true });
  }

  describeEpoch(metrics: EpochMetrics): string {
    return describeEpoch(metrics);
  }
}

function withoutAnswers(settings: LossSettings): LossSettings {
  return { ...settings, weights: { ...settings.weights, answers: 0 } };
}

function describeEpoch(metrics: EpochMetrics): string {
  const { epoch, meanLoss, meanLosses = {}, score, bestScore, isBest, seconds, validation = {} } = metrics;
  const list = (values: Readonly<Record<string, number>>): string =>
    pretraining.heads
      .filter(({ title }) => values[title] !== undefined)
      .map(({ title }) => `${title} ${values[title]?.toFixed(4)}`)
      .join(', ');
  const { accuracy_QA: accuracy } = validation;
  const answered = accuracy === undefined ? '' : `, QA accuracy ${formatPercent(accuracy)}`;
  const best = isBest ? ', the best so far' : `, best ${bestScore.toFixed(4)}`;
  return [
    `Epoch ${epoch}: loss ${meanLoss.toFixed(4)} (${list(meanLosses)});`,
    `valid ${score.toFixed(4)}${best} (${list(validation)})${answered} (${seconds.toFixed(1)} s)`,
  ].join(' ');
}
