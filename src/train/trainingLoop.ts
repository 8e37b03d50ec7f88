/** @file The training loop. */

import { setImmediate } from 'node:timers/promises';
import { type Progress, silentProgress } from '../common/progress.js';
import { setRandomState } from '../torch/index.js';
import type { BertAdam } from './bertAdam.js';
import { DeviceSteps } from './deviceSteps.js';
import { HostSteps } from './hostSteps.js';
import type { LossScale } from './lossScale.js';
import { randomStates } from './randomStates.js';
import { endFailedRun } from './stepFailure.js';
import { describeStep, StepMeter, type StepRates } from './stepMeter.js';
import type { StepPartners } from './stepParts.js';
import { StepFailure, type StepOutcome, type StepRunner } from './stepRunner.js';
import { INITIAL_STATE, type TrainingState } from './trainingState.js';
import type { Evaluation, TrainingTask } from './trainingTask.js';

/** One record of the metrics file. */
export interface StepMetrics extends StepRates {
  readonly step: number;
  readonly epoch: number;
  readonly loss: number;
  readonly gradientNorm: number;
  readonly learningRate: number;
  /** Of a loss that is made of several. */
  readonly losses?: Readonly<Record<string, number>>;
  /** What the loss was multiplied by, in float16. */
  readonly lossScale?: number;
}

export interface EpochMetrics {
  readonly epoch: number;
  readonly meanLoss: number;
  /** Likewise of each loss, where there are several. */
  readonly meanLosses?: Readonly<Record<string, number>>;
  /** Further numbers of the evaluation. */
  readonly validation?: Readonly<Record<string, number>>;
  readonly score: number;
  readonly bestScore: number;
  readonly isBest: boolean;
  readonly seconds: number;
}

export interface TrainingOptions<Batch = unknown, Placed = unknown> {
  readonly task: TrainingTask<Batch, Placed>;
  readonly optimizer: BertAdam;
  readonly numEpochs: number;
  /** The largest global norm of the gradients; 5 in the reference's fine-tuning. */
  readonly clipNorm: number;
  /** Where to begin: what a snapshot gave, or the beginning. */
  readonly start?: TrainingState | undefined;
  /** Called every `stepsPerSnapshot` steps, at each epoch's end, and once when interrupted. */
  readonly snapshot?: ((state: TrainingState) => Promise<void>) | undefined;
  readonly stepsPerSnapshot?: number;
  /**
   * Called at each epoch's end, after evaluation, and once when interrupted.
   *
   * @param epoch the epoch that has ended; undefined in the middle of one
   */
  readonly save: (name: 'BEST' | 'LAST', epoch: number | undefined) => Promise<void>;
  /** What `LAST` is called in messages about a run that fails; LAST.pth unless it says otherwise. */
  readonly lastFile?: string;
  readonly onStep?: (metrics: StepMetrics) => void;
  readonly onEpoch?: (metrics: EpochMetrics) => void;
  readonly progress?: Progress;
  /** With partners it must abort in all processes between the same two steps. */
  readonly signal?: AbortSignal | undefined;
  readonly partners?: StepPartners | undefined;
  /** For float16. */
  readonly lossScale?: LossScale | undefined;
  /** On a card: start the kernels of a step as one graph. */
  readonly useGraphs?: boolean;
  /** Told why, when graphs cannot be recorded and steps go on without. */
  readonly onGraphsGivenUp?: (error: unknown) => void;
  /** Told of steps that changed nothing because the loss scale was too large. */
  readonly onSkipped?: (step: number, lossScale: number) => void;
}

export interface TrainingResult {
  readonly bestScore: number;
  readonly bestEpoch: number | undefined;
  readonly numSteps: number;
  readonly wasInterrupted: boolean;
}

/** Milliseconds that a card has after a failure for what it was told before. */
const CARD_PATIENCE = 10_000;

/** Steps between two records of the metrics, so that a long run's file stays small. */
const STEPS_PER_RECORD = 20;

/**
 * Trains for some epochs. After each the score is taken; `BEST` is saved when it is strictly better than all
 * before, a high score when it is above 0 too (reference facts), and `LAST` always. An abort finishes the step and saves
 * `LAST`.
 *
 * @throws LxmertError when a step or an evaluation fails (a loss that is not finite, features that are gone, no
 * memory); `LAST` and a snapshot of the state after the last whole step are saved before
 */
export async function runTraining<Batch, Placed>(
  options: TrainingOptions<Batch, Placed>,
): Promise<TrainingResult> {
  const { task, optimizer, clipNorm, partners } = options;
  const meter = new StepMeter(task.batchSize);
  const context = { task, optimizer, clipNorm, meter, partners };
  const { lossScale, useGraphs = false } = options;
  const runner =
    optimizer.parameters.device === 'cpu'
      ? new HostSteps(context)
      : new DeviceSteps(context, { lossScale, useGraphs, onGraphsGivenUp: options.onGraphsGivenUp });
  try {
    return await runEpochs(options, runner, meter);
  } finally {
    runner.dispose();
  }
}

async function runEpochs<Batch, Placed>(
  options: TrainingOptions<Batch, Placed>,
  runner: StepRunner,
  meter: StepMeter,
): Promise<TrainingResult> {
  const { task, optimizer, numEpochs, progress = silentProgress, signal } = options;
  const totalSteps = numEpochs * task.numBatches;
  const start = options.start ?? INITIAL_STATE;
  let { step, bestScore } = start;
  let bestEpoch = start.bestEpoch ?? undefined;

  const stateAt = (epoch: number, batch: number, sums: EpochSums, at = step): TrainingState => ({
    step: at,
    epoch,
    batch,
    epochLoss: sums.loss,
    ...(sums.losses !== undefined && { epochLosses: { ...sums.losses } }),
    bestScore,
    bestEpoch: bestEpoch ?? null,
  });
  const interrupted = async (state: TrainingState): Promise<TrainingResult> => {
    await options.snapshot?.(state);
    await options.save('LAST', undefined);
    return { bestScore, bestEpoch, numSteps: step, wasInterrupted: true };
  };
  /** Saves the run as it was after `state`, random numbers included, and gives the error to end with. */
  const failed = async (error: unknown, state: TrainingState, place: string): Promise<unknown> => {
    optimizer.parameters.zeroGrad();
    const { snapshot } = options;
    return endFailedRun(error, {
      numSteps: state.step,
      place,
      parameters: optimizer.parameters,
      canRead: () => runner.answers(CARD_PATIENCE),
      snapshot: snapshot && (() => snapshot(state)),
      saveWeights: () => options.save('LAST', undefined),
      ...(options.lastFile !== undefined && { lastFile: options.lastFile }),
      ...(options.partners !== undefined && { savedElsewhere: () => options.partners!.savedElsewhere() }),
    });
  };
  const placeOf = (epoch: number, batch: number, at: number): string =>
    `step ${at} (epoch ${epoch}, batch ${batch})`;
  /** Does what may fail. */
  const rescued = async <T>(
    at: { epoch: number; batch: number; sums: EpochSums; place: string },
    work: () => T,
  ): Promise<Awaited<T>> => {
    const { epoch, batch, sums, place } = at;
    const random = randomStates(optimizer.parameters.device);
    try {
      return await work();
    } catch (thrown) {
      const error = firstFailure(thrown, epoch, sums);
      if (error instanceof StepFailure) {
        setRandomState(error.random, optimizer.parameters.device);
        error.random.dispose();
        optimizer.steps = error.counters;
        const state = stateAt(epoch, error.batch, sums, error.step);
        throw await failed(error.cause, state, placeOf(epoch, error.batch, error.step));
      }
      random.putBack();
      throw await failed(error, stateAt(epoch, batch, sums), place);
    } finally {
      random.dispose();
    }
  };
  /** What failed first: this, or a step before it that nobody has heard of yet. */
  const firstFailure = (error: unknown, epoch: number, sums: EpochSums): unknown => {
    // What several processes have to tell each other can no longer be told.
    if (error instanceof StepFailure || options.partners !== undefined) return error;
    try {
      note(runner.drain(), epoch, sums);
      return error;
    } catch (earlier) {
      return earlier instanceof StepFailure ? earlier : error;
    }
  };
  /** Takes note of steps that have become known. */
  const note = (done: readonly StepOutcome[], epoch: number, sums: EpochSums): void => {
    for (const { step: number, batch: _, wasSkipped = false, ...outcome } of done) {
      if (wasSkipped) options.onSkipped?.(number, outcome.lossScale ?? 0);
      // A loss that was too large for its format says nothing of the epoch.
      if (Number.isFinite(outcome.loss)) addTo(sums, outcome);
      const numDone = number + 1;
      const rates = meter.rates();
      progress.update(numDone, totalSteps, describeStep(outcome.loss, rates));
      if (numDone % STEPS_PER_RECORD !== 0 && numDone !== totalSteps) continue;
      options.onStep?.({ step: numDone, epoch, ...outcome, ...rates });
      meter.restart();
    }
  };

  for (let epoch = start.epoch; epoch < numEpochs; epoch++) {
    const begin = performance.now();
    const isResumed = epoch === start.epoch;
    task.startEpoch(epoch);
    const sums: EpochSums = isResumed
      ? { loss: start.epochLoss, losses: start.epochLosses && { ...start.epochLosses } }
      : { loss: 0, losses: undefined };
    // Neither an evaluation nor the steps of a resumed run are time of these steps.
    meter.restart();
    /** Everything that was handed over is done and known. */
    const settled = async (batch: number): Promise<void> => {
      const place = `the end of ${placeOf(epoch, batch - 1, step - 1)}`;
      note(await rescued({ epoch, batch, sums, place }, () => runner.drain()), epoch, sums);
    };
    for (let batch = isResumed ? start.batch : 0; batch < task.numBatches; batch++) {
      if (signal?.aborted === true) {
        await settled(batch);
        return interrupted(stateAt(epoch, batch, sums));
      }
      const place = placeOf(epoch, batch, step);
      const done = await rescued({ epoch, batch, sums, place }, () => runner.run(batch, step));
      step++;
      note(done, epoch, sums);
      if (step % (options.stepsPerSnapshot ?? Number.POSITIVE_INFINITY) === 0) {
        await settled(batch + 1);
        await options.snapshot?.(stateAt(epoch, batch + 1, sums));
      }
      // Lets signals and the progress bar through between steps.
      await setImmediate();
    }
    await settled(task.numBatches);
    const trained = stateAt(epoch, task.numBatches, sums);
    const found = await rescued(
      { epoch, batch: task.numBatches, sums, place: `the evaluation after epoch ${epoch}` },
      () => evaluateUnlessAborted(task, signal),
    );
    if (found === undefined) return interrupted(trained);
    const { score, details } = typeof found === 'number' ? { score: found, details: undefined } : found;
    const isBest = isBetter(task, epoch, score, bestScore, bestEpoch);
    if (isBest) {
      bestScore = score;
      bestEpoch = epoch;
      await options.save('BEST', epoch);
    }
    await options.save('LAST', epoch);
    await options.snapshot?.(stateAt(epoch + 1, 0, { loss: 0, losses: undefined }));
    options.onEpoch?.({
      epoch,
      ...meansOf(sums, task.numBatches),
      ...(details !== undefined && { validation: details }),
      score,
      bestScore,
      isBest,
      seconds: (performance.now() - begin) / 1000,
    });
  }
  return { bestScore, bestEpoch, numSteps: step, wasInterrupted: false };
}

/** Sums over the steps of an epoch. */
interface EpochSums {
  loss: number;
  losses: Record<string, number> | undefined;
}

function addTo(sums: EpochSums, { loss, losses }: Pick<StepMetrics, 'loss' | 'losses'>): void {
  sums.loss += loss;
  if (losses === undefined) return;
  sums.losses ??= {};
  for (const [name, value] of Object.entries(losses)) sums.losses[name] = (sums.losses[name] ?? 0) + value;
}

function meansOf(
  { loss, losses }: EpochSums,
  numBatches: number,
): Pick<EpochMetrics, 'meanLoss' | 'meanLosses'> {
  const count = Math.max(numBatches, 1);
  return {
    meanLoss: loss / count,
    ...(losses && { meanLosses: mapValues(losses, (sum) => sum / count) }),
  };
}

function mapValues<T>(values: Readonly<Record<string, T>>, of: (value: T) => number): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, of(value)]));
}

function isBetter(
  { better = 'higher', comparableFrom }: Pick<TrainingTask, 'better' | 'comparableFrom'>,
  epoch: number,
  score: number,
  bestScore: number,
  bestEpoch: number | undefined,
): boolean {
  if (better === 'higher') return score > bestScore;
  const isFirst = bestEpoch === undefined || bestEpoch < (comparableFrom?.(epoch) ?? 0);
  return isFirst || score < bestScore;
}

/** The score, or undefined when the evaluation was interrupted. */
async function evaluateUnlessAborted(
  task: Pick<TrainingTask, 'evaluate'>,
  signal: AbortSignal | undefined,
): Promise<number | Evaluation | undefined> {
  try {
    return await task.evaluate(signal);
  } catch (error) {
    if (signal?.aborted === true) return undefined;
    throw error;
  }
}
