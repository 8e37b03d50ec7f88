/** @file Fine-tuning a model that answers questions about images. */

import { type LoadReport, saveCheckpoint } from '../checkpoint/index.js';
import { type Progress, silentProgress } from '../common/progress.js';
import { version } from '../common/version.js';
import { type AnswerScores, scoreAnswers } from '../data/answerScore.js';
import { openingAnswers } from '../data/baselines.js';
import { EpochSampler } from '../data/epochSampler.js';
import type { QuestionSet } from '../data/questionSet.js';
import { type LxmertConfig, type Precision, QuestionAnsweringModel } from '../model/index.js';
import { answerInputs, type RegionSource } from '../tasks/answerInputs.js';
import type { AnsweringTask } from '../tasks/answeringTask.js';
import { ANSWER_LOSSES, type AnswerLossName, probabilitiesOf } from '../tasks/losses.js';
import { type AnsweringModel, predictAnswers } from '../tasks/predictAnswers.js';
import { type Vocabulary, WordPieceTokenizer } from '../text/index.js';
import { fromTypedArray, manualSeed } from '../torch/index.js';
import { bfloat16Warning } from '../torch/processor.js';
import { runtimeLine } from '../torch/runtime.js';
import { BertAdam } from './bertAdam.js';
import { FlatParameters } from './flatParameters.js';
import { type InitialWeights, loadInitialWeights } from './initialWeights.js';
import { blindNotice, majorityNotice, mostFrequentAnswer, overlapNotice } from './notices.js';
import { isBefore, requireSameRun } from './resume.js';
import { RUN_FILES, type RunFolder } from './runFolder.js';
import { RunLog } from './runLog.js';
import { Snapshots } from './snapshots.js';
import { type EpochMetrics, runTraining, type StepMetrics, type TrainingResult } from './trainingLoop.js';

/** The numbers that decide a run, besides data and model. The defaults are the paper's for VQA. */
export interface FinetuneSettings {
  readonly batchSize: number;
  readonly numEpochs: number;
  readonly learningRate: number;
  readonly warmupRatio: number;
  readonly clipNorm: number;
  readonly seed: number;
  /** With bfloat16 the master weights, the optimizer and the loss stay float32. */
  readonly precision: Precision;
  readonly maxLength: number;
  readonly loss: AnswerLossName;
}

/** How a run is kept so that it can go on after a crash. */
export interface SnapshotSettings {
  /** Steps between two snapshots; one is taken at each epoch's end too. */
  readonly everySteps: number;
  readonly numKept: number;
  /** Go on from the newest snapshot of the run folder, if there is one. */
  readonly resume: boolean;
}

export interface FinetuneOptions {
  readonly task: AnsweringTask;
  readonly training: QuestionSet;
  readonly validation: QuestionSet;
  readonly features: RegionSource;
  readonly vocabulary: Vocabulary;
  readonly config: LxmertConfig;
  readonly settings: FinetuneSettings;
  /** Where the first weights come from; nothing means drawn at random. */
  readonly initialWeights?: InitialWeights | undefined;
  readonly run: RunFolder;
  /** None means that the run cannot be resumed. */
  readonly snapshots?: SnapshotSettings | undefined;
  /** What the run was started with, kept in config.json so that it can be repeated. */
  readonly provenance: Readonly<Record<string, unknown>>;
  readonly progress?: Progress;
  readonly signal?: AbortSignal | undefined;
  /** Lines for a person: what is in force, what was loaded, each epoch. */
  readonly notice?: (line: string) => void;
}

export interface FinetuneResult extends TrainingResult {
  readonly runFolder: string;
  /** What the validation questions' words alone give, see `openingAnswers`. */
  readonly blindScore: number;
  readonly numParameters: number;
  readonly loadReport: LoadReport | undefined;
  readonly steps: readonly StepMetrics[];
  readonly epochs: readonly EpochMetrics[];
  /** Scores of the last epoch's evaluation. */
  readonly scores: AnswerScores | undefined;
}

/**
 * Trains and leaves in the run folder: config.json, vocabulary and answers, log.log, metrics.jsonl, BEST.pth and
 * LAST.pth under the reference's fine-tuned names.
 */
export async function finetuneAnswers(options: FinetuneOptions): Promise<FinetuneResult> {
  const { task, training, validation, settings, run, config, notice = () => undefined } = options;
  const say = (line: string): void => {
    run.log(line);
    notice(line);
  };
  const loss = ANSWER_LOSSES[settings.loss];
  manualSeed(settings.seed);
  const model = new QuestionAnsweringModel(config, training.answerTable.size, task.imagesPerExample);
  model.precision = settings.precision;
  const flat = FlatParameters.of(model, settings.precision);
  const sampler = new EpochSampler(training.size, settings.batchSize, settings.seed);
  const optimizer = new BertAdam(flat, {
    learningRate: settings.learningRate,
    warmupRatio: settings.warmupRatio,
    totalSteps: Math.max(1, sampler.numBatches * settings.numEpochs),
  });
  const data = { trainingQuestions: training.size, validationQuestions: validation.size };
  const snapshots =
    options.snapshots && new Snapshots(run.file(RUN_FILES.snapshots), options.snapshots.numKept);
  try {
    const { resume = false } = options.snapshots ?? {};
    const before = resume ? await run.readJson(RUN_FILES.config) : undefined;
    if (before !== undefined)
      requireSameRun(before, { model: { ...config }, settings: { ...settings }, data });
    say(`${runtimeLine()}, ${settings.precision}`);
    const warning = settings.precision === 'bfloat16' ? bfloat16Warning() : undefined;
    if (warning !== undefined) say(warning);
    const snapshotted = { model, parameters: flat, optimizer };
    const restored = resume ? await snapshots?.restore(snapshotted, say) : undefined;
    if (before !== undefined) {
      await run.keepMetrics((record) => restored !== undefined && isBefore(record, restored));
      say(
        restored === undefined
          ? 'There is no snapshot to go on from: the run begins anew.'
          : `Resumed after step ${restored.step} (epoch ${restored.epoch}, batch ${restored.batch}).`,
      );
    }
    const loadReport =
      restored === undefined &&
      options.initialWeights &&
      (await loadInitialWeights(options.initialWeights, model.namedParameters(), training.answerTable, say));
    flat.refreshCopies();
    if (before === undefined)
      await run.writeJson(RUN_FILES.config, {
        task: task.name,
        model: config,
        maxLength: settings.maxLength,
        settings,
        data,
        madeBy: { lxmert: version(), node: process.versions.node, runtime: runtimeLine() },
        ...options.provenance,
      });
    await options.vocabulary.save(run.file(RUN_FILES.vocabulary));
    await training.answerTable.save(run.path);

    const answering: AnsweringModel = {
      models: [model],
      probabilities: probabilitiesOf(settings.loss),
      tokenizer: new WordPieceTokenizer(options.vocabulary),
      answerTable: training.answerTable,
      maxLength: settings.maxLength,
    };
    const imagesOf = ({ questions }: QuestionSet): string[] => questions.flatMap(({ imageIds }) => imageIds);
    const overlap = overlapNotice(imagesOf(training), imagesOf(validation));
    if (overlap !== undefined) say(overlap);
    const majority = mostFrequentAnswer(validation.questions);
    const blindAnswers = openingAnswers(training.questions, validation.questions);
    const blind = scoreAnswers(validation.questions, blindAnswers);
    if (blind.numQuestions > 0) {
      say(
        `Without looking at the images: ${percent(blind.overall)} of the validation questions, by the best answer to each question's words.`,
      );
    }
    using log = new RunLog(run, sampler.numBatches, restored?.step ?? 0);
    const steps: StepMetrics[] = [];
    const epochs: EpochMetrics[] = [];
    let scores: AnswerScores | undefined;
    let epoch = 0;
    let batches: readonly Uint32Array[] = [];
    const result = await runTraining({
      task: {
        numBatches: sampler.numBatches,
        batchSize: settings.batchSize,
        startEpoch: (number) => {
          epoch = number;
          batches = sampler.epoch(number);
        },
        prepare: (batch) => {
          const indices = [...(batches[batch] ?? [])];
          const questions = indices.map((index) => training.question(index));
          const inputs = answerInputs(questions, answering.tokenizer, options.features, settings);
          const targets = training.targets(indices);
          return { inputs, targets: fromTypedArray(targets, [indices.length, training.answerTable.size]) };
        },
        loss: ({ inputs, targets }) => loss(model.forward(inputs, { training: true }).logits, targets),
        evaluate: async (signal) => {
          const { questions } = validation;
          const answers = await predictAnswers(answering, options.features, questions, {
            batchSize: task.evaluationBatchSize,
            signal,
          });
          scores = scoreAnswers(questions, answers);
          const stuck =
            majority &&
            majorityNotice({
              predictedAnswers: answers,
              majorityAnswer: majority.answer,
              majorityShare: majority.share,
              numSteps: (epoch + 1) * sampler.numBatches,
            });
          if (stuck !== undefined) say(stuck);
          return scores.overall;
        },
      },
      optimizer,
      numEpochs: settings.numEpochs,
      clipNorm: settings.clipNorm,
      start: restored,
      snapshot: snapshots && ((state) => snapshots.save(snapshotted, state)),
      ...(options.snapshots && { stepsPerSnapshot: options.snapshots.everySteps }),
      save: async (name) => {
        await saveWeights(run, name, model);
        if (name === 'BEST' && scores !== undefined) await log.bestScores(scores);
      },
      onStep: (metrics) => {
        steps.push(metrics);
        log.step(metrics);
      },
      onEpoch: (metrics) => {
        epochs.push(metrics);
        log.epoch(metrics);
        const best = metrics.isBest ? ', the best so far' : `, best ${percent(metrics.bestScore)}`;
        say(
          `Epoch ${metrics.epoch}: loss ${metrics.meanLoss.toFixed(3)}, valid ${percent(metrics.score)}${best} (${metrics.seconds.toFixed(1)} s)`,
        );
      },
      progress: options.progress ?? silentProgress,
      signal: options.signal,
    });
    const notBetter =
      result.wasInterrupted || blind.numQuestions === 0
        ? undefined
        : blindNotice(result.bestScore, blind.overall);
    if (notBetter !== undefined) say(notBetter);
    return {
      ...result,
      blindScore: blind.overall,
      runFolder: run.path,
      numParameters: model.numParameters,
      loadReport: loadReport || undefined,
      steps,
      epochs,
      scores,
    };
  } catch (error) {
    run.logEnd(error);
    throw error;
  } finally {
    optimizer[Symbol.dispose]();
    flat[Symbol.dispose]();
    model.dispose();
  }
}

async function saveWeights(
  run: RunFolder,
  name: 'BEST' | 'LAST',
  model: QuestionAnsweringModel,
): Promise<void> {
  await saveCheckpoint(run.file(`${name}.pth`), model.namedParameters(), 'reference-finetuned');
}

function percent(score: number): string {
  return `${(100 * score).toFixed(2)} %`;
}
