/** @file A training in a run folder: what fine-tuning and pre-training do alike, from the seed to the last snapshot. */

import type { LoadReport } from '../checkpoint/index.js';
import { messageOf } from '../common/errors.js';
import { type Progress, silentProgress } from '../common/progress.js';
import { version } from '../common/version.js';
import type { AnswerTable } from '../data/answerTable.js';
import { EpochSampler } from '../data/epochSampler.js';
import type { LxmertConfig, Module, Precision } from '../model/index.js';
import type { Vocabulary } from '../text/index.js';
import { allowTf32, type Device, manualSeed } from '../torch/index.js';
import { bfloat16Warning } from '../torch/processor.js';
import { runtimeLine } from '../torch/runtime.js';
import { BertAdam } from './bertAdam.js';
import { type Agreement, flattened } from './distributed/agreement.js';
import { DataParallel } from './distributed/dataParallel.js';
import type { ProcessPlace } from './distributed/environment.js';
import { clearRescueMarks } from './distributed/rescue.js';
import { partsOf, requireDivisible, type Sharding, UNDIVIDED } from './distributed/shardedBatches.js';
import { FlatParameters } from './flatParameters.js';
import { LossScale } from './lossScale.js';
import { isBefore, requireSameRun } from './resume.js';
import { RUN_FILES, type RunFolder } from './runFolder.js';
import { RunLog } from './runLog.js';
import { Snapshots } from './snapshots.js';
import { type EpochMetrics, runTraining, type StepMetrics, type TrainingResult } from './trainingLoop.js';
import type { TrainingTask } from './trainingTask.js';

/** The numbers that decide every run, besides data and model. */
export interface RunSettings {
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
  /** Word pieces of a sentence, [CLS] and [SEP] included. */
  readonly maxLength: number;
}

/** How a run is kept so that it can go on after a crash. */
export interface SnapshotSettings {
  /** Steps between two snapshots; one is taken at each epoch's end too. */
  readonly everySteps: number;
  readonly numKept: number;
  /** Go on from the newest snapshot of the run folder, if there is one. */
  readonly resume: boolean;
}

/** This process among those that train one model; each has all data. */
export interface DistributedSettings {
  readonly place: ProcessPlace;
  /** How long an operation may wait for the other processes. */
  readonly timeoutSeconds: number;
}

/** How a run uses a device. None of it changes what is computed, beyond rounding. */
export interface DeviceSettings {
  readonly device: Device;
  /** float32 products may round their factors to TF32. */
  readonly allowTf32: boolean;
  /** Start the kernels of a step as one graph. */
  readonly useGraphs: boolean;
}

/** What every run is given besides what it trains. */
export interface RunOptions {
  readonly run: RunFolder;
  readonly config: LxmertConfig;
  readonly vocabulary: Vocabulary;
  /** None means that the run cannot be resumed. */
  readonly snapshots?: SnapshotSettings | undefined;
  /** Where the model computes; the processor unless it says otherwise. */
  readonly device?: DeviceSettings | undefined;
  /** Set when this is one of several processes. */
  readonly distributed?: DistributedSettings | undefined;
  /** What the run was started with, kept in config.json so that it can be repeated. */
  readonly provenance: Readonly<Record<string, unknown>>;
  readonly progress?: Progress;
  readonly signal?: AbortSignal | undefined;
  /** Lines for a person: what is in force, what was loaded, each epoch. */
  readonly notice?: (line: string) => void;
}

/** A model that can be trained. */
export type TrainableModel = Module & { precision: Precision };

export interface TrainingRun<M extends TrainableModel, Batch, Placed> {
  /** As `config.json` calls it. */
  readonly task: string;
  /** Kept in config.json, and compared when a run is resumed. */
  readonly settings: RunSettings;
  /** Likewise: what the data is, as numbers that change when the data does. */
  readonly data: Readonly<Record<string, number>>;
  readonly numExamples: number;
  readonly answerTable: AnswerTable | undefined;
  /** Called after the generator is seeded. */
  makeModel(): M;
  /** Puts the first weights into the model of a run that begins; absent: they stay as drawn. */
  readonly loadWeights?: ((model: M, say: (line: string) => void) => Promise<LoadReport>) | undefined;
  /** What is trained, asked for when model and optimizer are as they were at the run's place. */
  start(started: StartedRun<M>): RunningTask<Batch, Placed>;
}

export interface StartedRun<M> {
  readonly model: M;
  readonly optimizer: BertAdam;
  readonly log: RunLog;
  /** Steps of an epoch. */
  readonly numBatches: number;
  /** Rows of a batch are to come in multiples of this (`PlaceOptions.rowUnit`). */
  readonly rowUnit: number;
  /** Writes a line into the log and to the person. */
  say(line: string): void;
  /** Does an evaluation's work in shares, one in each process, and gives those of all processes in order. */
  inShares<T>(
    work: (sharding: Sharding, signal: AbortSignal | undefined) => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T[]>;
}

/** The parts of a training task that differ between runs, with examples in place of batches. */
export interface RunningTask<Batch, Placed>
  extends Pick<
    TrainingTask<Batch, Placed>,
    'place' | 'loss' | 'counts' | 'evaluate' | 'better' | 'comparableFrom'
  > {
  /** Called before an epoch's first step. */
  startEpoch?(epoch: number): void;
  /** A part of a batch, called inside a scope. */
  prepare(examples: readonly number[], epoch: number): Batch;
  /** Told the examples of the step after this one, whose data can be fetched while this one is computed. */
  foresee?(examples: readonly number[]): void;
  save(name: 'BEST' | 'LAST', epoch: number | undefined): Promise<void>;
  readonly lastFile?: string;
  /** An epoch in a line for a person. */
  describeEpoch(metrics: EpochMetrics): string;
  /** Called when the training has ended well or was interrupted. */
  finish?(result: TrainingResult): void;
}

export interface TrainingRunResult extends TrainingResult {
  readonly runFolder: string;
  readonly numParameters: number;
  readonly loadReport: LoadReport | undefined;
  readonly steps: readonly StepMetrics[];
  readonly epochs: readonly EpochMetrics[];
}

/**
 * Trains, and leaves in the run folder: config.json, vocabulary and answers, log.log, metrics.jsonl, TensorBoard's
 * events, snapshots, and what the task saves.
 *
 * @throws UsageError when a run is to be resumed with other settings, model or data
 */
export async function trainInFolder<M extends TrainableModel, Batch, Placed>(
  options: RunOptions,
  training: TrainingRun<M, Batch, Placed>,
): Promise<TrainingRunResult> {
  const { run, config, notice = () => undefined } = options;
  const { settings, data } = training;
  const say = (line: string): void => {
    run.log(line);
    if (run.isOurs) notice(line);
  };
  const { place, timeoutSeconds = 0 } = options.distributed ?? {};
  const { accumulationSteps } = settings;
  const sharding = { rank: place?.rank ?? 0, worldSize: place?.worldSize ?? 1, accumulationSteps };
  requireDivisible(settings.batchSize, sharding);
  manualSeed(settings.seed);
  const model = training.makeModel();
  model.precision = settings.precision;
  const { device = 'cpu', useGraphs = false } = options.device ?? {};
  allowTf32(options.device?.allowTf32 ?? false);
  const flat = FlatParameters.of(model, settings.precision, device);
  const lossScale = settings.precision === 'float16' ? new LossScale(device) : undefined;
  const sampler = new EpochSampler(training.numExamples, settings.batchSize, settings.seed);
  const optimizer = new BertAdam(flat, {
    learningRate: settings.learningRate,
    warmupRatio: settings.warmupRatio,
    totalSteps: Math.max(1, sampler.numBatches * settings.numEpochs),
  });
  const snapshots =
    options.snapshots && new Snapshots(run.file(RUN_FILES.snapshots), options.snapshots.numKept);
  let team: DataParallel | undefined;
  try {
    if (place !== undefined) {
      team = await DataParallel.join({
        place,
        timeoutSeconds,
        device,
        run,
        seed: settings.seed,
        signal: options.signal,
        agreement: agreementOf(training, config, options.vocabulary, model),
      });
    }
    if (run.isOurs) await clearRescueMarks(run.path);
    const resume = run.isOurs && options.snapshots?.resume === true;
    const before = resume ? await run.readJson(RUN_FILES.config) : undefined;
    if (before !== undefined)
      requireSameRun(before, { model: { ...config }, settings: { ...settings }, data });
    say(
      `${runtimeLine()}, ${settings.precision}${device === 'cpu' ? '' : ` on ${deviceLine(options.device)}`}`,
    );
    const warning = settings.precision === 'bfloat16' && device === 'cpu' ? bfloat16Warning() : undefined;
    if (warning !== undefined) say(warning);
    const snapshotted = { model, parameters: flat, optimizer, lossScale };
    const found = resume ? await snapshots?.restore(snapshotted, say) : undefined;
    if (before !== undefined) {
      await run.keepMetrics((record) => found !== undefined && isBefore(record, found));
      say(
        found === undefined
          ? 'There is no snapshot to go on from: the run begins anew.'
          : `Resumed after step ${found.step} (epoch ${found.epoch}, batch ${found.batch}).`,
      );
    }
    const begins = run.isOurs && found === undefined;
    const loadReport = begins ? await training.loadWeights?.(model, say) : undefined;
    flat.refreshCopies();
    const restored = team === undefined ? found : team.begin(flat, optimizer, found);
    if (team !== undefined) {
      const numOwn = settings.batchSize / team.worldSize;
      say(`${team.worldSize} processes, ${numOwn} examples of each batch in each.`);
    }
    if (before === undefined)
      await run.writeJson(RUN_FILES.config, {
        task: training.task,
        model: config,
        maxLength: settings.maxLength,
        settings,
        data,
        madeBy: { lxmert: version(), node: process.versions.node, runtime: runtimeLine() },
        ...options.provenance,
      });
    if (run.isOurs) {
      await options.vocabulary.save(run.file(RUN_FILES.vocabulary));
      await training.answerTable?.save(run.path);
    }

    using log = new RunLog(run, sampler.numBatches, restored?.step ?? 0);
    const steps: StepMetrics[] = [];
    const epochs: EpochMetrics[] = [];
    const task = training.start({
      model,
      optimizer,
      log,
      numBatches: sampler.numBatches,
      rowUnit: useGraphs ? GRAPH_ROW_UNIT : 1,
      say,
      inShares: async (work, signal) =>
        team === undefined ? [await work(UNDIVIDED, signal)] : team.shared((own) => work(sharding, own)),
    });
    let epoch = 0;
    let batches: readonly Uint32Array[] = [];
    const result = await runTraining<Batch, Placed>({
      task: {
        ...task,
        numBatches: sampler.numBatches,
        batchSize: settings.batchSize,
        numParts: accumulationSteps,
        startEpoch: (number) => {
          epoch = number;
          batches = sampler.epoch(number);
          task.startEpoch?.(number);
        },
        prepare: (batch, part) => {
          const shareOf = (index: number): Uint32Array[] =>
            partsOf(batches[index] ?? new Uint32Array(), sharding);
          const prepared = task.prepare([...(shareOf(batch)[part] ?? [])], epoch);
          if (part === accumulationSteps - 1) task.foresee?.(shareOf(batch + 1).flatMap((next) => [...next]));
          return prepared;
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
      save: async (name, ended) => {
        if (run.isOurs) await task.save(name, ended);
      },
      ...(task.lastFile !== undefined && { lastFile: task.lastFile }),
      onStep: (metrics) => {
        steps.push(metrics);
        log.step(metrics);
      },
      onEpoch: (metrics) => {
        epochs.push(metrics);
        log.epoch(metrics);
        say(task.describeEpoch(metrics));
      },
      progress: options.progress ?? silentProgress,
      signal: team?.signal ?? options.signal,
      partners: team,
      lossScale,
      useGraphs,
      onGraphsGivenUp: (error) =>
        say(
          `The kernels of a step could not be recorded as a graph, so they are started one by one: ${messageOf(error)}`,
        ),
      onSkipped: (number, scale) =>
        run.log(`Step ${number} changed nothing: a gradient overflowed with the loss scale ${scale}.`),
    });
    task.finish?.(result);
    return {
      ...result,
      runFolder: run.path,
      numParameters: model.numParameters,
      loadReport,
      steps,
      epochs,
    };
  } catch (error) {
    team?.group.giveUp();
    // Processes that never met leave nothing behind, so that the same command can be started again.
    if (place === undefined || team !== undefined) run.logEnd(error);
    throw error;
  } finally {
    team?.[Symbol.dispose]();
    optimizer[Symbol.dispose]();
    lossScale?.[Symbol.dispose]();
    flat[Symbol.dispose]();
    model.dispose();
  }
}

/**
 * Rows of a batch's words and labels come in multiples of this where graphs of kernels are recorded: a batch of 256
 * questions has about 2,500 rows, give or take 50, so few graphs serve all batches and few rows are computed for nothing.
 */
export const GRAPH_ROW_UNIT = 64;

function deviceLine(settings: DeviceSettings | undefined): string {
  const { device = 'cpu', allowTf32: tf32 = false, useGraphs = false } = settings ?? {};
  return `${device}${tf32 ? ', TF32' : ''}${useGraphs ? ', graphs' : ''}`;
}

/** What all processes must have alike. */
function agreementOf<M extends TrainableModel, Batch, Placed>(
  { task, settings, data, answerTable }: TrainingRun<M, Batch, Placed>,
  config: LxmertConfig,
  vocabulary: Vocabulary,
  model: M,
): Agreement {
  const shapes = [...model.namedParameters()].map(([name, { shape }]) => [name, shape]);
  return flattened({
    version: version(),
    task,
    model: config,
    settings,
    data: { ...data, answers: answerTable?.size ?? 0, wordPieces: vocabulary.size },
    parameters: Object.fromEntries(shapes),
  });
}
