/** @file The training loop. */

import { setImmediate } from 'node:timers/promises';
import { LxmertError } from '../common/errors.js';
import { type Progress, silentProgress } from '../common/progress.js';
import { getRandomState, scope, setRandomState } from '../torch/index.js';
import type { BertAdam } from './bertAdam.js';
import { clipGradients } from './clipGradients.js';
import { endFailedRun } from './stepFailure.js';
import { describeStep, StepMeter, type StepRates } from './stepMeter.js';
import { backwardOfParts, type StepPartners } from './stepParts.js';
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
 * before, a high score when it is above 0 too (reference facts), and `LAST` always. An abort finishes the step and saves
 * `LAST`.
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

  const stateAt = (epoch: number, batch: number, sums: EpochSums): TrainingState => ({
    step,
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
        saveWeights: () => options.save('LAST', undefined),
        ...(options.lastFile !== undefined && { lastFile: options.lastFile }),
        ...(options.partners !== undefined && { savedElsewhere: () => options.partners!.savedElsewhere() }),
      });
    } finally {
      random.dispose();
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
    for (let batch = isResumed ? start.batch : 0; batch < task.numBatches; batch++) {
      if (signal?.aborted === true) return interrupted(stateAt(epoch, batch, sums));
      const place = `step ${step} (epoch ${epoch}, batch ${batch})`;
      const done = await rescued(stateAt(epoch, batch, sums), place, () =>
        trainStep(options, meter, batch, step),
      );
      step++;
      addTo(sums, done);
      const rates = meter.rates();
      progress.update(step, totalSteps, describeStep(done.loss, rates));
      if (step % STEPS_PER_RECORD === 0 || step === totalSteps) {
        options.onStep?.({ step, epoch, ...done, ...rates });
        meter.restart();
      }
      if (step % (options.stepsPerSnapshot ?? Number.POSITIVE_INFINITY) === 0) {
        await options.snapshot?.(stateAt(epoch, batch + 1, sums));
      }
      // Lets signals and the progress bar through between steps.
      await setImmediate();
    }
    const trained = stateAt(epoch, task.numBatches, sums);
    const found = await rescued(trained, `the evaluation after epoch ${epoch}`, () =>
      evaluateUnlessAborted(task, signal),
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

/**
 * Forward, backward, clipping, update. Until the last line no weight has changed.
 *
 * @throws LxmertError when the loss or the gradient is not finite
 */
function trainStep<Batch>(
  { task, optimizer, clipNorm, partners }: TrainingOptions<Batch>,
  meter: StepMeter,
  batch: number,
  step: number,
): Pick<StepMetrics, 'loss' | 'losses' | 'gradientNorm' | 'learningRate'> {
  return scope(() => {
    partners?.beforeStep(step);
    const { loss: value, losses } = backwardOfParts(task, { batch, meter, partners });
    if (!Number.isFinite(value)) throw notFinite(`The loss became ${value}.`);
    const { norm: gradientNorm, scale } = clipGradients(optimizer.parameters, clipNorm);
    if (!Number.isFinite(gradientNorm)) {
      throw notFinite(`The gradient became ${gradientNorm} although the loss is ${value}.`);
    }
    const learningRate = optimizer.learningRateAt(step);
    optimizer.step(scale);
    meter.stepDone();
    return { loss: value, ...(losses && { losses }), gradientNorm, learningRate };
  });
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

function notFinite(what: string): LxmertError {
  return new LxmertError(
    `${what} Training stopped before it could spoil the weights. Try a lower --learning-rate, and check the features with 'lxmert features verify'.`,
  );
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
