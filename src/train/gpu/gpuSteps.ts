/**
 * @file Steps on a GPU, one ahead of what is known: a step is handed over as a whole and its numbers are read when the next
 * one has been handed over, so that the GPU never waits for the CPU; the batch after it is put together and sent meanwhile.
 */

import {
  deviceAnswers,
  disposeTensors,
  getRandomState,
  keep,
  LateNumbers,
  scope,
  staged,
  type Tensor,
  tensorsOf,
} from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';
import { notFinite } from '../snapshots/failedRun.js';
import { StepFailure, type StepRunner } from '../stepRunner.js';
import {
  type GpuStepContext,
  gpuStep,
  type PlacedBatch,
  placeBatch,
  SMALLEST_LOSS_SCALE,
  type StepContext,
  type StepResult,
} from '../trainingStep.js';
import type { LossScale } from './lossScale.js';
import { StepGraphs } from './stepGraphs.js';

/** A step that was handed over. */
interface Pending {
  readonly step: number;
  readonly batch: number;
  /** As in `GpuStepNumbers`. */
  readonly numbers: LateNumbers;
  readonly lossNames: readonly string[];
  readonly learningRate: number;
  /** Before the step: of the random generator, and the optimizer's counters. */
  readonly random: Tensor;
  readonly counters: Readonly<Record<string, number>>;
}

/** A batch that is there before its step is done. */
interface Prefetched<Placed> {
  readonly batch: number;
  readonly placed: PlacedBatch<Placed>;
}

export interface GpuStepOptions {
  /** For float16. */
  readonly lossScale: LossScale | undefined;
  /** Record the kernels of a batch's shape, and start them as one from then on. */
  readonly useGraphs: boolean;
  /** Told why, when that does not work and steps go on without. */
  readonly onGraphsGivenUp?: ((error: unknown) => void) | undefined;
}

export class GpuSteps<Batch, Placed> implements StepRunner {
  readonly #context: GpuStepContext<Batch, Placed>;
  #next: Prefetched<Placed> | undefined;
  #pending: Pending | undefined;

  constructor(
    context: StepContext<Batch, Placed>,
    { lossScale, useGraphs, onGraphsGivenUp }: GpuStepOptions,
  ) {
    const { parameters } = context.optimizer;
    this.#context = {
      ...context,
      lossScale,
      graphs: useGraphs ? new StepGraphs(parameters, onGraphsGivenUp) : undefined,
      hasFailed: keep(ops.zeros([], { device: parameters.device })),
    };
  }

  run(batch: number, step: number): readonly StepResult[] {
    const { optimizer, processGroup, batches } = this.#context;
    const placed = this.#next?.batch === batch ? this.#next.placed : this.#place(batch);
    this.#next = undefined;
    const counters = optimizer.steps;
    processGroup?.beforeStep(step);
    const random = getRandomState(optimizer.parameters.device);
    let launched: Pending;
    try {
      launched = scope(() => {
        const { numbers, lossNames } = gpuStep(this.#context, placed);
        const learningRate = optimizer.learningRateAt(step);
        return { step, batch, random, counters, numbers: new LateNumbers(numbers), lossNames, learningRate };
      });
    } catch (error) {
      random.dispose();
      throw error;
    } finally {
      disposeTensors(placed);
    }
    const before = this.#pending;
    this.#pending = launched;
    if (batch + 1 < batches.numBatches) this.#next = this.#prefetch(batch + 1);
    return before === undefined ? [] : [this.#read(before)];
  }

  drain(): readonly StepResult[] {
    const last = this.#pending;
    this.#pending = undefined;
    return last === undefined ? [] : [this.#read(last)];
  }

  answers(milliseconds: number): Promise<boolean> {
    return deviceAnswers(this.#context.optimizer.parameters.device, milliseconds);
  }

  dispose(): void {
    this.#pending?.numbers.dispose();
    this.#pending?.random.dispose();
    this.#pending = undefined;
    if (this.#next !== undefined) disposeTensors(this.#next.placed);
    this.#next = undefined;
    this.#context.graphs?.dispose();
    this.#context.hasFailed.dispose();
  }

  /** What fails here fails again when its step is to be done, whose place is then the right one to tell. */
  #prefetch(batch: number): Prefetched<Placed> | undefined {
    try {
      return { batch, placed: this.#place(batch) };
    } catch {
      return undefined;
    }
  }

  /** A batch on its way to the GPU. */
  #place(batch: number): PlacedBatch<Placed> {
    const { meter, optimizer } = this.#context;
    const work = (): PlacedBatch<Placed> =>
      scope(() => staged(optimizer.parameters.device, () => placeBatch(this.#context, batch)));
    // Only a GPU that has nothing to do waits for data.
    const isIdle = this.#pending === undefined || this.#pending.numbers.isReady;
    const placed = isIdle ? meter.waiting(work) : work();
    // They outlive the step that is under way.
    for (const tensor of tensorsOf(placed)) keep(tensor);
    return placed;
  }

  /** Waits for a step's numbers. */
  #read({ step, batch, numbers, lossNames, learningRate, random, counters }: Pending): StepResult {
    const { processGroup, lossScale } = this.#context;
    const own = [...numbers.read()];
    const numLosses = 1 + lossNames.length;
    const losses = own.slice(0, numLosses);
    // Norm, decision and scale are the same in all processes; each has losses of its own.
    const [loss = Number.NaN, ...each] = processGroup === undefined ? losses : processGroup.sum(losses);
    const [gradientNorm = Number.NaN, skipped = 0, scale = 1] = own.slice(numLosses);
    const wasSkipped = skipped !== 0;
    const isScaled = lossScale !== undefined;
    if (wasSkipped && (!isScaled || scale <= SMALLEST_LOSS_SCALE)) {
      const what = Number.isFinite(loss)
        ? `The gradient became ${gradientNorm} although the loss is ${loss}.`
        : `The loss became ${loss}.`;
      throw new StepFailure(notFinite(what), step, batch, random, counters);
    }
    random.dispose();
    return {
      step,
      batch,
      loss,
      ...(lossNames.length > 0 && {
        losses: Object.fromEntries(lossNames.map((name, i) => [name, each[i] ?? Number.NaN])),
      }),
      gradientNorm,
      learningRate,
      ...(isScaled && { lossScale: scale, wasSkipped }),
    };
  }
}
