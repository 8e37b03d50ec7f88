/** @file `Trainer`: a model, a task, an optimizer, a schedule and callbacks, made into a training. */

import type { LoadReport } from '../checkpoint/index.js';
import { LxmertError, messageOf, UsageError } from '../common/errors.js';
import { silentProgress } from '../common/progress.js';
import type { EpochMetrics } from '../tasks/index.js';
import { allowTf32 } from '../torch/index.js';
import { CallbackList } from './callbacks/callbackList.js';
import { RunLog } from './callbacks/runLog.js';
import type { StepMetrics, TrainerCallback, TrainingResult } from './callbacks/trainerCallback.js';
import { DataLoader } from './dataLoader.js';
import type { DataParallel } from './distributed/dataParallel.js';
import { type BatchSharding, requireDivisible } from './distributed/shardedBatches.js';
import { GpuSteps } from './gpu/gpuSteps.js';
import { LossScale } from './gpu/lossScale.js';
import { GRAPH_ROW_UNIT } from './gpu/stepGraphs.js';
import { learningRateSchedule } from './learningRateSchedule.js';
import { FlatParameters } from './optimizers/flatParameters.js';
import { optimizerFactory } from './optimizers/makeOptimizer.js';
import type { Optimizer } from './optimizers/optimizer.js';
import { RUN_FILES } from './runFolder.js';
import { contentHashesOf } from './snapshots/sameData.js';
import { Snapshots, type SnapshotTarget } from './snapshots/snapshots.js';
import { TrainingProgress } from './snapshots/trainingState.js';
import { beginRun, joinProcesses, openRun, type RunPlan } from './startRun.js';
import { StepMeter } from './stepMeter.js';
import { CpuSteps, type StepRunner } from './stepRunner.js';
import { DEFAULT_SETTINGS, type TrainerOptions } from './trainerOptions.js';
import { TrainingLoop } from './trainingLoop.js';

export interface TrainerResult extends TrainingResult {
  /** Undefined for a training without one. */
  readonly runFolder: string | undefined;
  readonly numParameters: number;
  /** What `loadWeights` gave; undefined where nothing was loaded. */
  readonly loadReport: LoadReport | undefined;
  /** Records of this start: every 20th step and the last. */
  readonly steps: readonly StepMetrics[];
  readonly epochs: readonly EpochMetrics[];
}

/**
 * Trains a model on a task: epochs of steps, an evaluation after each, the best and the last weights saved by the task.
 * With a run folder it leaves there config.json, vocabulary and answers, log.log, metrics.jsonl and TensorBoard's events;
 * with snapshots the training can be resumed, bit for bit on the CPU. A trainer trains once.
 *
 * The loop is in trainingLoop.ts, a step in trainingStep.ts.
 *
 * @example
 * ```ts
 * // Which sign the sum of eight numbers has, by a model of one dense layer.
 * class SignModel extends Module {
 *   precision: Precision = 'float32';
 *   readonly #weight = this.parameter('weight', ops.randn([1, 8]));
 *
 *   forward(inputs: Tensor): Tensor {
 *     return ops.select(ops.linear(inputs, this.#weight), 1, 0); // (B, 8) to (B)
 *   }
 * }
 *
 * interface Batch {
 *   readonly inputs: Tensor; // (B, 8)
 *   readonly labels: Tensor; // (B)
 * }
 *
 * function batchOf(examples: readonly number[]): Batch {
 *   const rows = examples.map((i) => Array.from({ length: 8 }, (_, k) => Math.sin(1 + 8 * i * i + k * k)));
 *   const labels = rows.map((row) => (row.reduce((sum, x) => sum + x) > 0 ? 1 : 0));
 *   return { inputs: tensor(rows.flat(), [rows.length, 8]), labels: tensor(labels) };
 * }
 *
 * manualSeed(1);
 * const model = new SignModel();
 * const run = await RunFolder.create('runs/sign');
 * const task: TaskTraining<Batch, Batch> = {
 *   name: 'sign',
 *   numExamples: 512,
 *   data: { numExamples: 512 },
 *   answerTable: undefined,
 *   prepare: batchOf,
 *   place: (batch) => batch,
 *   loss: ({ inputs, labels }) => ops.binaryCrossEntropyWithLogits(model.forward(inputs), labels),
 *   evaluate: async () =>
 *     scope(() => {
 *       const { inputs, labels } = batchOf(Array.from({ length: 100 }, (_, i) => 512 + i));
 *       const logits = noGrad(() => model.forward(inputs)).toFloat32Array();
 *       const numRight = labels.toFloat32Array().filter((label, i) => label > 0 === logits[i]! > 0).length;
 *       return { score: numRight / 100 };
 *     }),
 *   save: (name) => saveTensors(run.file(`${name}.safetensors`), model.namedParameters()),
 *   describeEpoch: ({ epoch, meanLoss, score }) => `Epoch ${epoch}: loss ${meanLoss}, score ${score}`,
 * };
 * const trainer = new Trainer({
 *   model,
 *   task,
 *   run,
 *   settings: { batchSize: 32, numEpochs: 20, learningRate: 0.1 },
 *   optimizer: (parameters, plan) => new AdamW(parameters, { ...plan, weightDecay: 0 }),
 *   schedule: cosineSchedule({ warmupRatio: 0.1 }),
 *   callbacks: [
 *     new EarlyStopping(5),
 *     { onEpoch: ({ isBest }) => console.log(isBest ? 'better' : 'not better') },
 *   ],
 *   snapshots: { everySteps: 100, numKept: 2, resume: false },
 *   notice: (line) => console.log(line),
 * });
 * const { bestScore } = await trainer.train();
 * console.log(`Right for ${100 * bestScore} % of new examples.`);
 * model.dispose();
 * ```
 */
export class Trainer<Batch = unknown, Placed = unknown> {
  readonly #options: TrainerOptions<Batch, Placed>;
  readonly #sharding: BatchSharding;
  readonly #plan: RunPlan;

  /**
   * @throws UsageError when a batch cannot be cut into equal parts for all processes and backward passes, and when there
   *   are fewer examples than a batch has
   * @throws LxmertError when several processes or snapshots lack a run folder
   */
  constructor(options: TrainerOptions<Batch, Placed>) {
    const settings = { ...DEFAULT_SETTINGS, ...given(options.settings ?? {}) };
    const { rank = 0, worldSize = 1 } = options.distributed?.process ?? {};
    const { accumulationSteps, batchSize } = settings;
    this.#options = options;
    this.#sharding = { rank, worldSize, accumulationSteps };
    requireDivisible(batchSize, this.#sharding);
    requireWholeBatch(options.task.numExamples, batchSize);
    if (options.run === undefined && (options.distributed ?? options.snapshots) !== undefined) {
      throw new LxmertError('A training with several processes or snapshots needs a run folder: give `run`.');
    }
    const schedule =
      options.schedule ?? learningRateSchedule(settings.schedule, { warmupRatio: settings.warmupRatio });
    const hashes = options.run === undefined ? {} : contentHashesOf(options.task, options.vocabulary);
    this.#plan = { settings, schedule, say: this.#say, hashes };
  }

  /** Writes a line into the log and to the person. */
  readonly #say = (line: string): void => {
    const { run, notice } = this.#options;
    run?.log(line);
    if (run?.isOurs !== false) notice?.(line);
  };

  /**
   * Trains to the end, or to where a signal or a callback ends it.
   *
   * @throws UsageError when a run is to be resumed with other settings, model or data
   * @throws LxmertError when another process writes the run, and when a step or an evaluation fails; what is whole is saved before
   */
  async train(): Promise<TrainerResult> {
    const { model, run } = this.#options;
    const { device = 'cpu', allowTf32: mayUseTf32 = false } = this.#options.device ?? {};
    const { precision } = this.#plan.settings;
    model.precision = precision;
    allowTf32(mayUseTf32);
    const loader = this.#makeLoader();
    using parameters = FlatParameters.of(model, precision, device);
    using lossScale = precision === 'float16' ? new LossScale(device) : undefined;
    using optimizer = this.#makeOptimizer(parameters, loader.numBatches);
    const target: SnapshotTarget = { model, parameters, optimizer, lossScale };
    const records = new Records();
    const callbacks = new CallbackList([
      records,
      ...(run === undefined ? [] : [new RunLog(run)]),
      ...(this.#options.callbacks ?? []),
    ]);
    let processGroup: DataParallel | undefined;
    let result: TrainingResult | undefined;
    try {
      processGroup = await joinProcesses(this.#options, this.#plan, optimizer, this.#signalOf(callbacks));
      const opened = await openRun(this.#options, this.#plan, optimizer);
      const { state, loadReport } = await beginRun(this.#options, this.#plan, target, opened, processGroup);
      const position = new TrainingProgress(state);
      result = await this.#loop(target, { loader, position, callbacks, processGroup });
      this.#options.task.finish?.(result);
      const runFolder = run?.path;
      return { ...result, runFolder, numParameters: model.numParameters, loadReport, ...records };
    } catch (error) {
      processGroup?.group.giveUp();
      run?.logEnd(error);
      throw error;
    } finally {
      processGroup?.[Symbol.dispose]();
      await callbacks.end(result).finally(() => run?.endWriting());
    }
  }

  #makeLoader(): DataLoader<Batch> {
    const { batchSize, seed } = this.#plan.settings;
    return new DataLoader(this.#options.task, { batchSize, seed, sharding: this.#sharding });
  }

  #makeOptimizer(parameters: FlatParameters, numBatches: number): Optimizer {
    const { settings, schedule } = this.#plan;
    const make = this.#options.optimizer ?? optimizerFactory(settings.optimizer);
    return make(parameters, {
      learningRate: settings.learningRate,
      totalSteps: Math.max(1, numBatches * settings.numEpochs),
      schedule,
      weightDecay: settings.weightDecay,
    });
  }

  /** Aborts when a person or a callback asks for the end. */
  #signalOf(callbacks: CallbackList): AbortSignal {
    const { signal } = this.#options;
    return signal === undefined ? callbacks.signal : AbortSignal.any([signal, callbacks.signal]);
  }

  async #loop(
    target: SnapshotTarget,
    { loader, position, callbacks, processGroup }: LoopStart<Batch>,
  ): Promise<TrainingResult> {
    const { task, run, device, snapshots: snapshotSettings, progress = silentProgress } = this.#options;
    const { settings } = this.#plan;
    const { optimizer } = target;
    const meter = new StepMeter(settings.batchSize);
    const snapshots =
      run && snapshotSettings && new Snapshots(run.file(RUN_FILES.snapshots), snapshotSettings.numKept);
    await callbacks.begin({
      state: position.state(),
      numBatches: loader.numBatches,
      numEpochs: settings.numEpochs,
    });
    task.begin?.({
      numBatches: loader.numBatches,
      rowUnit: device?.useGraphs === true ? GRAPH_ROW_UNIT : 1,
      say: this.#say,
      joinOptimizer: (isJoining, step) => optimizer.join(isJoining, step),
    });
    const steps = this.#stepRunner(target, loader, meter, processGroup);
    try {
      return await new TrainingLoop({
        task,
        loader,
        numEpochs: settings.numEpochs,
        optimizer,
        steps,
        meter,
        position,
        callbacks,
        progress,
        signal: processGroup?.signal ?? this.#signalOf(callbacks),
        processGroup,
        snapshot:
          snapshots &&
          (async (state) => {
            if (run?.isOurs === false) return;
            await snapshots.save(target, state);
            await callbacks.save({ what: 'snapshot', state });
          }),
        snapshotSteps: snapshotSettings?.everySteps ?? Number.POSITIVE_INFINITY,
        save: async (name, epoch, state) => {
          if (run?.isOurs === false) return;
          await task.save(name, epoch);
          await callbacks.save({ what: name, state });
        },
        say: this.#say,
      }).run();
    } finally {
      steps.dispose();
    }
  }

  #stepRunner(
    { optimizer, parameters, lossScale }: SnapshotTarget,
    batches: DataLoader<Batch>,
    meter: StepMeter,
    processGroup: DataParallel | undefined,
  ): StepRunner {
    const { task, device } = this.#options;
    const { clipNorm } = this.#plan.settings;
    const context = { task, batches, optimizer, clipNorm, meter, processGroup };
    if (parameters.device === 'cpu') return new CpuSteps(context);
    return new GpuSteps(context, {
      lossScale,
      useGraphs: device?.useGraphs ?? false,
      onGraphsGivenUp: (error) =>
        this.#say(
          `The kernels of a step could not be recorded as a graph, so they are started one by one: ${messageOf(error)}`,
        ),
    });
  }
}

/** What is given: a setting that is undefined is not, and must not hide its default. */
function given<T extends object>(settings: T): T {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as T;
}

/** Incomplete batches are left out: with this few examples the training would take no step, and say nothing. */
function requireWholeBatch(numExamples: number, batchSize: number): void {
  if (numExamples >= batchSize) return;
  throw new UsageError(
    `There are ${numExamples} training examples, fewer than a batch of ${batchSize}, and an incomplete batch is left out: no step could be taken. Use a --batch-size of at most ${numExamples} (in JavaScript: batchSize), or more examples.`,
  );
}

interface LoopStart<Batch> {
  readonly loader: DataLoader<Batch>;
  readonly position: TrainingProgress;
  readonly callbacks: CallbackList;
  readonly processGroup: DataParallel | undefined;
}

/** Keeps what the result shows. */
class Records implements TrainerCallback {
  readonly steps: StepMetrics[] = [];
  readonly epochs: EpochMetrics[] = [];

  onRecord(metrics: StepMetrics): void {
    this.steps.push(metrics);
  }

  onEpoch(metrics: EpochMetrics): void {
    this.epochs.push(metrics);
  }
}
