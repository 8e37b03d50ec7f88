/** @file Fine-tuning a model that answers questions about images. */

import { type LoadReport, saveCheckpoint } from '../checkpoint/index.js';
import { type Progress, silentProgress } from '../common/progress.js';
import { version } from '../common/version.js';
import type { Question } from '../data/annotations/question.js';
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
import { flattened } from './distributed/agreement.js';
import { DataParallel } from './distributed/dataParallel.js';
import type { ProcessPlace } from './distributed/environment.js';
import { clearRescueMarks } from './distributed/rescue.js';
import { partsOf, requireDivisible, shareOf } from './distributed/shardedBatches.js';
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
  /** Examples of a step, in all processes together. */
  readonly batchSize: number;
  /** Backward passes that a process makes of its share of a batch: less memory, the same gradients. */
  readonly accumulationSteps: number;
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

export interface DistributedSettings {
  readonly place: ProcessPlace;
  /** How long an operation may wait for the other processes. */
  readonly timeoutSeconds: number;
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
  /** Set when this is one of several processes that train one model; each has all data. */
  readonly distributed?: DistributedSettings | undefined;
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
  const { place, timeoutSeconds = 0 } = options.distributed ?? {};
  const sharding = {
    rank: place?.rank ?? 0,
    worldSize: place?.worldSize ?? 1,
    accumulationSteps: settings.accumulationSteps,
  };
  requireDivisible(settings.batchSize, sharding);
  const say = (line: string): void => {
    run.log(line);
    if (run.isOurs) notice(line);
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
  let team: DataParallel | undefined;
  const snapshots =
    options.snapshots && new Snapshots(run.file(RUN_FILES.snapshots), options.snapshots.numKept);
  try {
    team =
      place &&
      (await DataParallel.join({
        place,
        timeoutSeconds,
        run,
        seed: settings.seed,
        signal: options.signal,
        agreement: flattened({
          version: version(),
          task: task.name,
          model: config,
          settings,
          data: { ...data, answers: training.answerTable.size, wordPieces: options.vocabulary.size },
          parameters: Object.fromEntries(
            [...model.namedParameters()].map(([name, { shape }]) => [name, shape]),
          ),
        }),
      }));
    if (run.isOurs) await clearRescueMarks(run.path);
    const resume = run.isOurs && options.snapshots?.resume === true;
    const before = resume ? await run.readJson(RUN_FILES.config) : undefined;
    if (before !== undefined)
      requireSameRun(before, { model: { ...config }, settings: { ...settings }, data });
    say(`${runtimeLine()}, ${settings.precision}`);
    const warning = settings.precision === 'bfloat16' ? bfloat16Warning() : undefined;
    if (warning !== undefined) say(warning);
    const snapshotted = { model, parameters: flat, optimizer };
    const found = resume ? await snapshots?.restore(snapshotted, say) : undefined;
    if (before !== undefined) {
      await run.keepMetrics((record) => found !== undefined && isBefore(record, found));
      say(
        found === undefined
          ? 'There is no snapshot to go on from: the run begins anew.'
          : `Resumed after step ${found.step} (epoch ${found.epoch}, batch ${found.batch}).`,
      );
    }
    const loadReport =
      run.isOurs &&
      found === undefined &&
      options.initialWeights &&
      (await loadInitialWeights(options.initialWeights, model.namedParameters(), training.answerTable, say));
    flat.refreshCopies();
    const restored = team === undefined ? found : team.begin(flat, optimizer, found);
    if (team !== undefined)
      say(
        `${team.worldSize} processes, ${settings.batchSize / team.worldSize} examples of each batch in each.`,
      );
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
    if (run.isOurs) {
      await options.vocabulary.save(run.file(RUN_FILES.vocabulary));
      await training.answerTable.save(run.path);
    }

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
        numParts: settings.accumulationSteps,
        prepare: (batch, part) => {
          const indices = [...(partsOf(batches[batch] ?? new Uint32Array(), sharding)[part] ?? [])];
          const questions = indices.map((index) => training.question(index));
          const inputs = answerInputs(questions, answering.tokenizer, options.features, settings);
          const targets = training.targets(indices);
          return { inputs, targets: fromTypedArray(targets, [indices.length, training.answerTable.size]) };
        },
        loss: ({ inputs, targets }) => loss(model.forward(inputs, { training: true }).logits, targets),
        evaluate: async (signal) => {
          const { questions } = validation;
          const { evaluationBatchSize: batchSize } = task;
          const answersTo = (some: readonly Question[], until = signal): Promise<string[]> =>
            predictAnswers(answering, options.features, some, { batchSize, signal: until });
          const answers =
            team === undefined
              ? await answersTo(questions)
              : (await team.shared((own) => answersTo(shareOf(questions, sharding), own))).flat();
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
      snapshot:
        snapshots &&
        (async (state) => {
          if (run.isOurs) await snapshots.save(snapshotted, state);
        }),
      ...(options.snapshots && { stepsPerSnapshot: options.snapshots.everySteps }),
      save: async (name) => {
        if (!run.isOurs) return;
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
      signal: team?.signal ?? options.signal,
      partners: team,
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
    team?.[Symbol.dispose]();
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
