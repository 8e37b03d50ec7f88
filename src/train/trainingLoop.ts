/** @file The training loop. */

import { setImmediate } from 'node:timers/promises';
import { LxmertError } from '../common/errors.js';
import { type Progress, silentProgress } from '../common/progress.js';
import { scope, type Tensor } from '../torch/index.js';
import type { BertAdam } from './bertAdam.js';
import { clipGradients } from './clipGradients.js';
import { INITIAL_STATE, type TrainingState } from './trainingState.js';

/** What is trained: its batches, its loss, and how good it is after an epoch. */
export interface TrainingTask {
  readonly numBatches: number;
  readonly batchSize: number;
  /** Called before an epoch's first batch; shuffles. */
  startEpoch(epoch: number): void;
  /** The loss of a batch of the current epoch, a scalar with its graph. Called inside a scope. */
  loss(batch: number): Tensor;
  /** The score that decides which snapshot is best; higher is better. */
  evaluate(signal: AbortSignal | undefined): Promise<number>;
}

/** One record of the metrics file. */
export interface StepMetrics {
  readonly step: number;
  readonly epoch: number;
  readonly loss: number;
  readonly gradientNorm: number;
  readonly learningRate: number;
  /** Since the record before. */
  readonly examplesPerSecond: number;
  /** Resident memory of the process in bytes. */
  readonly residentBytes: number;
}

export interface EpochMetrics {
  readonly epoch: number;
  readonly meanLoss: number;
  readonly score: number;
  readonly bestScore: number;
  readonly isBest: boolean;
  readonly seconds: number;
}

export interface TrainingOptions {
  readonly task: TrainingTask;
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
  readonly signal?: AbortSignal | undefined;
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
 * @throws LxmertError when the loss is not finite; what was saved stays
 */
export async function runTraining(options: TrainingOptions): Promise<TrainingResult> {
  const { task, optimizer, numEpochs, clipNorm, progress = silentProgress, signal } = options;
  const totalSteps = numEpochs * task.numBatches;
  const start = options.start ?? INITIAL_STATE;
  let { step, bestScore } = start;
  let bestEpoch = start.bestEpoch ?? undefined;
  let recordStart = performance.now();
  let stepsSinceRecord = 0;

  const trainBatch = (epoch: number, batch: number): number =>
    scope(() => {
      const loss = task.loss(batch);
      const value = loss.item();
      if (!Number.isFinite(value)) {
        optimizer.parameters.zeroGrad();
        throw new LxmertError(
          `The loss became ${value} at step ${step} (epoch ${epoch}, batch ${batch}). Training stopped before it could spoil the weights; the last snapshot is good. Try a lower --learning-rate, and check the features with 'lxmert features verify'.`,
        );
      }
      loss.backward();
      const { norm: gradientNorm, scale } = clipGradients(optimizer.parameters, clipNorm);
      if (!Number.isFinite(gradientNorm)) {
        optimizer.parameters.zeroGrad();
        throw new LxmertError(
          `The gradient became ${gradientNorm} at step ${step} (epoch ${epoch}, batch ${batch}) although the loss is ${value}. Training stopped before it could spoil the weights; the last snapshot is good. Try a lower --learning-rate, and check the features with 'lxmert features verify'.`,
        );
      }
      const learningRate = optimizer.learningRateAt(step);
      optimizer.step(scale);
      step++;
      stepsSinceRecord++;
      if (step % STEPS_PER_RECORD === 0 || step === totalSteps) {
        const now = performance.now();
        options.onStep?.({
          step,
          epoch,
          loss: value,
          gradientNorm,
          learningRate,
          examplesPerSecond: (1000 * stepsSinceRecord * task.batchSize) / (now - recordStart),
          residentBytes: process.memoryUsage.rss(),
        });
        recordStart = now;
        stepsSinceRecord = 0;
      }
      return value;
    });

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
  // The steps of a resumed run are not this run's time.
  recordStart = performance.now();

  for (let epoch = start.epoch; epoch < numEpochs; epoch++) {
    const begin = performance.now();
    const isResumed = epoch === start.epoch;
    task.startEpoch(epoch);
    let totalLoss = isResumed ? start.epochLoss : 0;
    for (let batch = isResumed ? start.batch : 0; batch < task.numBatches; batch++) {
      if (signal?.aborted === true) return interrupted(stateAt(epoch, batch, totalLoss));
      totalLoss += trainBatch(epoch, batch);
      progress.update(step, totalSteps);
      if (step % (options.stepsPerSnapshot ?? Number.POSITIVE_INFINITY) === 0) {
        await options.snapshot?.(stateAt(epoch, batch + 1, totalLoss));
      }
      // Lets signals and the progress bar through between steps.
      await setImmediate();
    }
    const score = await evaluateUnlessAborted(task, signal);
    if (score === undefined) return interrupted(stateAt(epoch, task.numBatches, totalLoss));
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
    // Evaluation is no training time: the next record counts from here.
    recordStart = performance.now();
    stepsSinceRecord = 0;
  }
  return { bestScore, bestEpoch, numSteps: step, wasInterrupted: false };
}

/** The score, or undefined when the evaluation was interrupted. */
async function evaluateUnlessAborted(
  task: TrainingTask,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  try {
    return await task.evaluate(signal);
  } catch (error) {
    if (signal?.aborted === true) return undefined;
    throw error;
  }
}
