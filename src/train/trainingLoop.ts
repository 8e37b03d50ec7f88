/** @file The training loop: epochs of steps, an evaluation after each, what is saved when, and what a failure leaves. */

import { setImmediate } from 'node:timers/promises';
import type { Progress } from '../common/progress.js';
import type { Evaluation, TaskTraining } from '../tasks/index.js';
import { setRandomState } from '../torch/index.js';
import { type CallbackList, isStoppedByCallback } from './callbacks/callbackList.js';
import type { TrainingResult } from './callbacks/trainerCallback.js';
import type { DataLoader } from './dataLoader.js';
import type { DataParallel } from './distributed/dataParallel.js';
import type { Optimizer } from './optimizers/optimizer.js';
import { endFailedRun } from './snapshots/failedRun.js';
import { randomStates } from './snapshots/randomStates.js';
import type { TrainingProgress, TrainingState } from './snapshots/trainingState.js';
import { describeStep, type StepMeter } from './stepMeter.js';
import { StepFailure, type StepRunner } from './stepRunner.js';
import type { StepResult } from './trainingStep.js';

/** Milliseconds that a GPU has after a failure for what it was told before. */
const GPU_PATIENCE = 10_000;

/** Steps between two records of the metrics, so that a long run's file stays small. */
const STEPS_PER_RECORD = 20;

/** What the loop works with; the trainer makes it. */
export interface LoopParts<Batch, Placed> {
  readonly task: TaskTraining<Batch, Placed>;
  readonly loader: DataLoader<Batch>;
  readonly numEpochs: number;
  readonly optimizer: Optimizer;
  readonly steps: StepRunner;
  readonly meter: StepMeter;
  /** Where the training is; it moves on from there. */
  readonly position: TrainingProgress;
  readonly callbacks: CallbackList;
  readonly progress: Progress;
  /** Aborts in all processes between the same two steps. */
  readonly signal: AbortSignal;
  readonly processGroup: DataParallel | undefined;
  /** Writes a snapshot, in the process that writes the run; absent for a run that takes none. */
  readonly snapshot: ((state: TrainingState) => Promise<void>) | undefined;
  /** Steps between two snapshots. */
  readonly snapshotSteps: number;
  /** Writes weights, likewise. */
  readonly save: (name: 'BEST' | 'LAST', epoch: number | undefined, state: TrainingState) => Promise<void>;
  /** Writes a line into the log and to the person. */
  readonly say: (line: string) => void;
}

/**
 * After each epoch the score is taken; `BEST` is saved when it is strictly better than all before, a high score when it is
 * above 0 too (the reference's rule), and `LAST` always. An abort finishes the step and saves `LAST` and a snapshot.
 */
export class TrainingLoop<Batch, Placed> {
  constructor(private readonly parts: LoopParts<Batch, Placed>) {}

  /**
   * @throws LxmertError when a step or an evaluation fails (a loss that is not finite, features that are gone, no memory);
   *   `LAST` and a snapshot of the state after the last whole step are saved before
   */
  async run(): Promise<TrainingResult> {
    const { position, numEpochs } = this.parts;
    while (position.epoch < numEpochs) {
      if (await this.#isStopped()) return this.#result({ wasStopped: true });
      if (!(await this.#runEpoch())) return this.#interrupted();
    }
    return this.#result({});
  }

  /** @returns false when it was interrupted */
  async #runEpoch(): Promise<boolean> {
    const { loader, meter, position } = this.parts;
    const start = performance.now();
    loader.startEpoch(position.epoch);
    // Neither an evaluation nor the steps of a resumed run are time of these steps.
    meter.restart();
    if (!(await this.#runSteps())) return false;
    const place = `the evaluation after epoch ${position.epoch}`;
    const evaluation = await this.#guarded(place, () => this.#evaluateUnlessAborted());
    if (evaluation === undefined) return false;
    await this.#endEpoch(evaluation, start);
    return true;
  }

  /** The rest of an epoch's steps. @returns false when it was interrupted */
  async #runSteps(): Promise<boolean> {
    const { loader, steps, position, signal, snapshotSteps } = this.parts;
    while (position.batch < loader.numBatches) {
      if (signal.aborted) {
        await this.#settle();
        return false;
      }
      const { step, batch } = position;
      const results = await this.#guarded(this.#placeOf(step, batch), () => steps.run(batch, step));
      position.step++;
      position.batch++;
      await this.#tell(results);
      if (position.step % snapshotSteps === 0) {
        await this.#settle();
        await this.#snapshot();
      }
      // Lets signals and the progress bar through between steps.
      await setImmediate();
    }
    await this.#settle();
    return true;
  }

  /** Waits until everything that was handed to a GPU is done and known. */
  async #settle(): Promise<void> {
    const { steps, position } = this.parts;
    const place = `the end of ${this.#placeOf(position.step - 1, position.batch - 1)}`;
    await this.#tell(await this.#guarded(place, () => steps.drain()));
  }

  /** Takes note of steps; a callback that fails at that ends the run as a step does, saved as it is then. */
  async #tell(results: readonly StepResult[]): Promise<void> {
    try {
      this.#note(results);
    } catch (error) {
      const { position } = this.parts;
      const place = `a callback after ${this.#placeOf(position.step - 1, position.batch - 1)}`;
      throw await this.#failed(error, position.state(), place);
    }
  }

  /** Takes note of steps that have become known. */
  #note(results: readonly StepResult[]): void {
    const { position, meter, progress, callbacks, loader, numEpochs } = this.parts;
    const totalSteps = numEpochs * loader.numBatches;
    for (const { step, batch: _, wasSkipped = false, ...outcome } of results) {
      if (wasSkipped) callbacks.skippedStep(step, outcome.lossScale ?? 0);
      position.addLosses(outcome);
      const rates = meter.rates();
      const numDone = step + 1;
      progress.update(numDone, totalSteps, describeStep(outcome.loss, rates));
      const metrics = { step: numDone, epoch: position.epoch, ...outcome, ...rates };
      callbacks.step(metrics);
      if (numDone % STEPS_PER_RECORD !== 0 && numDone !== totalSteps) continue;
      callbacks.record(metrics);
      meter.restart();
    }
  }

  /** The score, or undefined when the evaluation was interrupted. */
  async #evaluateUnlessAborted(): Promise<Evaluation | undefined> {
    const { task, signal, processGroup } = this.parts;
    try {
      return await task.evaluate({
        signal,
        inShares: async (work) =>
          processGroup === undefined
            ? [await work({ rank: 0, worldSize: 1 }, signal)]
            : processGroup.shared((own) => work(processGroup, own)),
      });
    } catch (error) {
      if (signal.aborted) return undefined;
      throw error;
    }
  }

  async #endEpoch({ score, details }: Evaluation, start: number): Promise<void> {
    const { task, position, callbacks, say } = this.parts;
    const { epoch } = position;
    const isBest = isBetter(task, { epoch, score }, position);
    await this.#guarded(`the saving of the weights after epoch ${epoch}`, async () => {
      if (isBest) await this.#saveBest(epoch, score);
      await this.#save('LAST', epoch);
    });
    const losses = position.meanLosses();
    position.nextEpoch();
    const metrics = {
      epoch,
      ...losses,
      ...(details !== undefined && { validation: details }),
      score,
      bestScore: position.bestScore,
      isBest,
      seconds: (performance.now() - start) / 1000,
    };
    // Before the snapshot: a run that goes on from it does not come by here again, and a record would be missing.
    await this.#guarded(`the records of epoch ${epoch}`, async () => {
      say(task.describeEpoch(metrics));
      await callbacks.epoch(metrics);
    });
    await this.#snapshot();
  }

  /** Weights that are not there are not the best: a run that goes on after a failure finds them anew. */
  async #saveBest(epoch: number, score: number): Promise<void> {
    const { position } = this.parts;
    const { bestScore, bestEpoch } = position;
    position.bestScore = score;
    position.bestEpoch = epoch;
    try {
      await this.#save('BEST', epoch);
    } catch (error) {
      position.bestScore = bestScore;
      position.bestEpoch = bestEpoch;
      throw error;
    }
  }

  async #interrupted(): Promise<TrainingResult> {
    await this.#snapshot();
    await this.#guarded('the saving of the weights', () => this.#save('LAST', undefined));
    const wasStopped = isStoppedByCallback(this.parts.signal);
    return this.#result({ wasStopped, wasInterrupted: !wasStopped });
  }

  /** Whether a callback of any process asked for the end. */
  async #isStopped(): Promise<boolean> {
    const { callbacks, processGroup, position } = this.parts;
    const own = callbacks.signal.aborted ? 1 : 0;
    if (processGroup === undefined) return own > 0;
    const [sum = 0] = await this.#guarded(`the beginning of epoch ${position.epoch}`, () =>
      processGroup.sum([own]),
    );
    return sum > 0;
  }

  #result(how: Partial<Pick<TrainingResult, 'wasInterrupted' | 'wasStopped'>>): TrainingResult {
    const { bestScore, bestEpoch, step } = this.parts.position;
    return { bestScore, bestEpoch, numSteps: step, wasInterrupted: false, wasStopped: false, ...how };
  }

  async #snapshot(): Promise<void> {
    await this.parts.snapshot?.(this.parts.position.state());
  }

  async #save(name: 'BEST' | 'LAST', epoch: number | undefined): Promise<void> {
    await this.parts.save(name, epoch, this.parts.position.state());
  }

  #placeOf(step: number, batch: number, { epoch } = this.parts.position): string {
    return `step ${step} (epoch ${epoch}, batch ${batch})`;
  }

  /** Does what may fail; then the run is saved as it was before, random numbers included. */
  async #guarded<T>(place: string, work: () => T): Promise<Awaited<T>> {
    const { optimizer, position } = this.parts;
    const { device } = optimizer.parameters;
    const random = randomStates(device);
    try {
      return await work();
    } catch (thrown) {
      const error = this.#firstFailure(thrown);
      if (error instanceof StepFailure) {
        setRandomState(error.random, device);
        error.random.dispose();
        optimizer.steps = error.counters;
        const { step, batch } = error;
        throw await this.#failed(
          error.cause,
          { ...position.state(), step, batch },
          this.#placeOf(step, batch),
        );
      }
      random.putBack();
      throw await this.#failed(error, position.state(), place);
    } finally {
      random.dispose();
    }
  }

  /** What failed first: this, or a step before it that nobody has heard of yet. */
  #firstFailure(error: unknown): unknown {
    // What several processes have to tell each other can no longer be told.
    if (error instanceof StepFailure || this.parts.processGroup !== undefined) return error;
    try {
      this.#note(this.parts.steps.drain());
      return error;
    } catch (earlier) {
      return earlier instanceof StepFailure ? earlier : error;
    }
  }

  /** Saves the run as it was after `state`, and gives the error to end with. */
  #failed(error: unknown, state: TrainingState, place: string): Promise<unknown> {
    const { task, optimizer, steps, snapshot, save, processGroup } = this.parts;
    optimizer.parameters.zeroGrad();
    return endFailedRun(error, {
      numSteps: state.step,
      place,
      parameters: optimizer.parameters,
      canRead: () => steps.answers(GPU_PATIENCE),
      snapshot: snapshot && (() => snapshot(state)),
      saveWeights: () => save('LAST', undefined, state),
      ...(task.lastFile !== undefined && { lastFile: task.lastFile }),
      ...(processGroup !== undefined && { savedElsewhere: () => processGroup.savedElsewhere() }),
    });
  }
}

function isBetter(
  task: Pick<TaskTraining, 'better' | 'comparableFrom'>,
  { epoch, score }: { readonly epoch: number; readonly score: number },
  { bestScore, bestEpoch }: Pick<TrainingProgress, 'bestScore' | 'bestEpoch'>,
): boolean {
  if (task.better !== 'lower') return score > bestScore;
  const isFirst = bestEpoch === undefined || bestEpoch < (task.comparableFrom?.(epoch) ?? 0);
  return isFirst || score < bestScore;
}
