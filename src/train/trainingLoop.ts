/** @file The training loop. */

import { setImmediate } from 'node:timers/promises';
import { LxmertError } from '../common/errors.js';
import { type Progress, silentProgress } from '../common/progress.js';
import { getRandomState, scope, setRandomState, type Tensor } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';
import type { BertAdam } from './bertAdam.js';
import { clipGradients } from './clipGradients.js';
import { endFailedRun } from './stepFailure.js';
import { describeStep, StepMeter, type StepRates } from './stepMeter.js';
import { INITIAL_STATE, type TrainingState } from './trainingState.js';

/** What is trained: its batches, its loss, and how good it is after an epoch. */
export interface TrainingTask<Batch = unknown> {
  readonly numBatches: number;
  /** Examples of a step, in all processes and parts together. */
  readonly batchSize: number;
  /** Backward passes of a step, each over an equal part of this process's share of the batch; 1 when absent. */
  readonly numParts?: number;
  /** Called before an epoch's first batch; shuffles. */
  startEpoch(epoch: number): void;
  /** A part of a batch of the current epoch, as the tensors of its inputs and targets. Called inside a scope. */
  prepare(batch: number, part: number): Batch;
  /** The mean loss of a part, a scalar with its graph. Called inside the same scope. */
  loss(prepared: Batch): Tensor;
  /** The score that decides which snapshot is best; higher is better. */
  evaluate(signal: AbortSignal | undefined): Promise<number>;
}

/** Other processes that take part in each step (`DataParallel`). */
export interface StepPartners {
  readonly worldSize: number;
  beforeStep(step: number): void;
  /** Called before the last backward pass of a step. */
  beforeLastBackward(): void;
  /** Sums the gradients over the processes; gives the mean of their losses. */
  afterBackward(loss: number): number;
  /** After a failure: who saves the run, when it is not this process. */
  savedElsewhere(): Promise<string | undefined>;
}

/** One record of the metrics file. */
export interface StepMetrics extends StepRates {
  readonly step: number;
  readonly epoch: number;
  readonly loss: number;
  readonly gradientNorm: number;
  readonly learningRate: number;
}

export interface EpochMetrics {
  readonly epoch: number;
  readonly meanLoss: number;
  readonly score: number;
  readonly bestScore: number;
  readonly isBest: boolean;
  readonly seconds: number;
}

export interface TrainingOptions<Batch = unknown> {
  readonly task: TrainingTask<Batch>;
  readonly optimizer: BertAdam;
  readonly numEpochs: number;
  /** The largest global norm of the gradients; 5 in the reference's fine-tuning. */
  readonly clipNorm: number;
  /** Where to begin: what a snapshot gave, or the beginning. */
  readonly start?: TrainingState | undefined;
  /** Called every `stepsPerSnapshot` steps, at each epoch's end, and once when interrupted. */
  readonly snapshot?: ((state: TrainingState) => Promise<void>) | undefined;
  readonly stepsPerSnapshot?: number;
  /** Called at each epoch's end, after evaluation, and once when interrupted. */
  readonly save: (name: 'BEST' | 'LAST') => Promise<void>;
  readonly onStep?: (metrics: StepMetrics) => void;
  readonly onEpoch?: (metrics: EpochMetrics) => void;
  readonly progress?: Progress;
  /** With partners it must abort in all processes between the same two steps. */
  readonly signal?: AbortSignal | undefined;
  readonly partners?: StepPartners | undefined;
}

export interface TrainingResult {
  readonly bestScore: number;
  readonly bestEpoch: number | undefined;
  readonly numSteps: number;
  readonly wasInterrupted: boolean;
}

/** Steps between two records of the metrics, so that a long run's file stays small. */
const STEPS_PER_RECORD = 20;

/**
 * Trains for some epochs. After each the score is taken; `BEST` is saved when it is strictly better than all
 * before, starting at 0 (reference facts), and `LAST` always. An abort finishes the step and saves `LAST`.
 *
 * @throws LxmertError when a step or an evaluation fails (a loss that is not finite, features that are gone, no
 * memory); `LAST` and a snapshot of the state after the last whole step are saved before
 */
export async function runTraining<Batch>(options: TrainingOptions<Batch>): Promise<TrainingResult> {
  const { task, optimizer, numEpochs, progress = silentProgress, signal } = options;
  const totalSteps = numEpochs * task.numBatches;
  const start = options.start ?? INITIAL_STATE;
  let { step, bestScore } = start;
  let bestEpoch = start.bestEpoch ?? undefined;
  const meter = new StepMeter(task.batchSize);

  const stateAt = (epoch: number, batch: number, epochLoss: number): TrainingState => ({
    step,
    epoch,
    batch,
    epochLoss,
    bestScore,
    bestEpoch: bestEpoch ?? null,
  });
  const interrupted = async (state: TrainingState): Promise<TrainingResult> => {
    await options.snapshot?.(state);
    await options.save('LAST');
    return { bestScore, bestEpoch, numSteps: step, wasInterrupted: true };
  };
  /** Does what may fail; the run is saved as it was before, random numbers included. */
  const rescued = async <T>(state: TrainingState, place: string, work: () => T): Promise<Awaited<T>> => {
    const random = getRandomState();
    try {
      return await work();
    } catch (error) {
      optimizer.parameters.zeroGrad();
      setRandomState(random);
      const { snapshot } = options;
      throw await endFailedRun(error, {
        numSteps: state.step,
        place,
        parameters: optimizer.parameters,
        snapshot: snapshot && (() => snapshot(state)),
        saveWeights: () => options.save('LAST'),
        savedElsewhere:
          options.partners && (() => options.partners?.savedElsewhere() ?? Promise.resolve(undefined)),
      });
    } finally {
      random.dispose();
    }
  };

  for (let epoch = start.epoch; epoch < numEpochs; epoch++) {
    const begin = performance.now();
    const isResumed = epoch === start.epoch;
    task.startEpoch(epoch);
    let totalLoss = isResumed ? start.epochLoss : 0;
    // Neither an evaluation nor the steps of a resumed run are time of these steps.
    meter.restart();
    for (let batch = isResumed ? start.batch : 0; batch < task.numBatches; batch++) {
      if (signal?.aborted === true) return interrupted(stateAt(epoch, batch, totalLoss));
      const place = `step ${step} (epoch ${epoch}, batch ${batch})`;
      const done = await rescued(stateAt(epoch, batch, totalLoss), place, () =>
        trainStep(options, meter, batch, step),
      );
      step++;
      totalLoss += done.loss;
      const rates = meter.rates();
      progress.update(step, totalSteps, describeStep(done.loss, rates));
      if (step % STEPS_PER_RECORD === 0 || step === totalSteps) {
        options.onStep?.({ step, epoch, ...done, ...rates });
        meter.restart();
      }
      if (step % (options.stepsPerSnapshot ?? Number.POSITIVE_INFINITY) === 0) {
        await options.snapshot?.(stateAt(epoch, batch + 1, totalLoss));
      }
      // Lets signals and the progress bar through between steps.
      await setImmediate();
    }
    const trained = stateAt(epoch, task.numBatches, totalLoss);
    const score = await rescued(trained, `the evaluation after epoch ${epoch}`, () =>
      evaluateUnlessAborted(task, signal),
    );
    if (score === undefined) return interrupted(trained);
    const isBest = score > bestScore;
    if (isBest) {
      bestScore = score;
      bestEpoch = epoch;
      await options.save('BEST');
    }
    await options.save('LAST');
    await options.snapshot?.(stateAt(epoch + 1, 0, 0));
    options.onEpoch?.({
      epoch,
      meanLoss: totalLoss / Math.max(task.numBatches, 1),
      score,
      bestScore,
      isBest,
      seconds: (performance.now() - begin) / 1000,
    });
  }
  return { bestScore, bestEpoch, numSteps: step, wasInterrupted: false };
}

/**
 * Forward, backward, clipping, update. Until the last line no weight has changed.
 *
 * @throws LxmertError when the loss or the gradient is not finite
 */
function trainStep<Batch>(
  options: TrainingOptions<Batch>,
  meter: StepMeter,
  batch: number,
  step: number,
): Pick<StepMetrics, 'loss' | 'gradientNorm' | 'learningRate'> {
  const { optimizer, clipNorm, partners } = options;
  return scope(() => {
    partners?.beforeStep(step);
    const own = backwardOfParts(options, meter, batch);
    const value = partners === undefined ? own : partners.afterBackward(own);
    if (!Number.isFinite(value)) throw notFinite(`The loss became ${value}.`);
    const { norm: gradientNorm, scale } = clipGradients(optimizer.parameters, clipNorm);
    if (!Number.isFinite(gradientNorm)) {
      throw notFinite(`The gradient became ${gradientNorm} although the loss is ${value}.`);
    }
    const learningRate = optimizer.learningRateAt(step);
    optimizer.step(scale);
    meter.stepDone();
    return { loss: value, gradientNorm, learningRate };
  });
}

/**
 * Gradients of the mean loss over all parts and processes, of which this process adds its share. A loss that is not
 * finite ends the step here only when no other process waits for these gradients.
 *
 * @returns the mean loss of this process's parts
 */
function backwardOfParts<Batch>(
  { task, partners }: TrainingOptions<Batch>,
  meter: StepMeter,
  batch: number,
): number {
  const { numParts = 1 } = task;
  const share = 1 / (numParts * (partners?.worldSize ?? 1));
  let mean = 0;
  for (let part = 0; part < numParts; part++) {
    scope(() => {
      const prepared = meter.waiting(() => task.prepare(batch, part));
      const loss = task.loss(prepared);
      const value = loss.item();
      mean += value / numParts;
      if (!Number.isFinite(value) && partners === undefined) throw notFinite(`The loss became ${value}.`);
      if (part === numParts - 1) partners?.beforeLastBackward();
      const scaled = share === 1 ? loss : ops.mul(loss, share);
      scaled.backward();
    });
  }
  return mean;
}

function notFinite(what: string): LxmertError {
  return new LxmertError(
    `${what} Training stopped before it could spoil the weights. Try a lower --learning-rate, and check the features with 'lxmert features verify'.`,
  );
}

/** The score, or undefined when the evaluation was interrupted. */
async function evaluateUnlessAborted(
  task: Pick<TrainingTask, 'evaluate'>,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  try {
    return await task.evaluate(signal);
  } catch (error) {
    if (signal?.aborted === true) return undefined;
    throw error;
  }
}
