/**
 * @file Steps on a card. A step is handed over as a whole and its numbers are read when the next one has been handed over,
 * so that the card never waits for this side; the batch after it is put together and sent meanwhile. Whether a step's
 * gradients are finite is decided on the card, which leaves the weights as they are when they are not.
 */

import {
  deviceAnswers,
  disposeTensors,
  getRandomState,
  keep,
  LateNumbers,
  noGrad,
  scope,
  staged,
  type Tensor,
  tensorsOf,
} from '../torch/index.js';
import * as ops from '../torch/operators/index.js';
import { deviceGradientNorm } from './clipGradients.js';
import type { LossScale } from './lossScale.js';
import { notFinite } from './stepFailure.js';
import { type NamedValues, StepGraphs } from './stepGraphs.js';
import { asStepLoss, type PlacedParts, placeParts } from './stepParts.js';
import { type StepContext, StepFailure, type StepOutcome, type StepRunner } from './stepRunner.js';

/** float16 whose loss overflows at this scale has another fault than its scale. */
const SMALLEST_SCALE = 2 ** -10;

/** A step that was handed over. */
interface Pending {
  readonly step: number;
  readonly batch: number;
  /** loss, losses, gradient norm, skipped, scale */
  readonly numbers: LateNumbers;
  readonly lossNames: readonly string[];
  readonly learningRate: number;
  readonly random: Tensor;
  readonly counters: Readonly<Record<string, number>>;
}

/** A batch that is there before its step is done. */
interface Staged<Placed> {
  readonly batch: number;
  readonly parts: PlacedParts<Placed>;
}

export interface DeviceStepOptions {
  /** For float16. */
  readonly lossScale: LossScale | undefined;
  /** Record the kernels of a batch's shape, and start them as one from then on. */
  readonly useGraphs: boolean;
  /** Told why, when that does not work and steps go on without. */
  readonly onGraphsGivenUp?: ((error: unknown) => void) | undefined;
}

export class DeviceSteps<Batch, Placed> implements StepRunner {
  readonly #graphs: StepGraphs | undefined;
  #next: Staged<Placed> | undefined;
  #pending: Pending | undefined;
  /** () float32: 1 from a step on that ends the run, so that none after it changes anything. */
  readonly #hasFailed: Tensor;

  constructor(
    private readonly context: StepContext<Batch, Placed>,
    private readonly options: DeviceStepOptions,
  ) {
    const { parameters } = context.optimizer;
    this.#graphs = options.useGraphs ? new StepGraphs(parameters, options.onGraphsGivenUp) : undefined;
    this.#hasFailed = keep(ops.zeros([], { device: parameters.device }));
  }

  run(batch: number, step: number): readonly StepOutcome[] {
    const { task, partners } = this.context;
    const parts = this.#next?.batch === batch ? this.#next.parts : this.#stage(batch);
    this.#next = undefined;
    const counters = this.context.optimizer.steps;
    partners?.beforeStep(step);
    const random = getRandomState(this.context.optimizer.parameters.device);
    let launched: Pending;
    try {
      launched = { step, batch, random, counters, ...this.#launch(parts, step) };
    } catch (error) {
      random.dispose();
      throw error;
    } finally {
      disposeTensors(parts);
    }
    const before = this.#pending;
    this.#pending = launched;
    if (batch + 1 < task.numBatches) this.#next = this.#stageAhead(batch + 1);
    return before === undefined ? [] : [this.#read(before)];
  }

  drain(): readonly StepOutcome[] {
    const last = this.#pending;
    this.#pending = undefined;
    return last === undefined ? [] : [this.#read(last)];
  }

  answers(milliseconds: number): Promise<boolean> {
    return deviceAnswers(this.context.optimizer.parameters.device, milliseconds);
  }

  dispose(): void {
    this.#forget(this.#pending);
    this.#pending = undefined;
    if (this.#next !== undefined) disposeTensors(this.#next.parts);
    this.#next = undefined;
    this.#graphs?.dispose();
    this.#hasFailed.dispose();
  }

  /** What fails here fails again when its step is to be done, whose place is then the right one to tell. */
  #stageAhead(batch: number): Staged<Placed> | undefined {
    try {
      return { batch, parts: this.#stage(batch) };
    } catch {
      return undefined;
    }
  }

  /** The next batch on its way to the card. */
  #stage(batch: number): PlacedParts<Placed> {
    const { task, meter, partners } = this.context;
    const work = (): PlacedParts<Placed> =>
      scope(() => staged(this.context.optimizer.parameters.device, () => placeParts(task, batch, partners)));
    // Only a card that has nothing to do waits for data.
    const isIdle = this.#pending === undefined || this.#pending.numbers.isReady;
    const placed = isIdle ? meter.waiting(work) : work();
    // They outlive the step that is under way.
    for (const tensor of tensorsOf(placed)) keep(tensor);
    return placed;
  }

  #launch(
    { parts, share }: PlacedParts<Placed>,
    step: number,
  ): Pick<Pending, 'numbers' | 'lossNames' | 'learningRate'> {
    const { optimizer, clipNorm, meter, partners } = this.context;
    const { lossScale } = this.options;
    return scope(() => {
      const sums = parts.map((part, i) => {
        if (i === parts.length - 1) partners?.beforeLastBackward();
        return this.#backward(part, share);
      });
      partners?.afterBackward([]);
      return noGrad(() => {
        const losses = sums.reduce((sum, { values, names }) => ({
          values: ops.add(sum.values, values),
          names,
        }));
        const scaledNorm = deviceGradientNorm(optimizer.parameters);
        const scale = lossScale?.factor ?? ops.onesLike(scaledNorm);
        const norm = ops.div(scaledNorm, scale);
        // Several processes must decide alike: they have one norm, and losses of their own.
        const judged = partners === undefined ? ops.add(norm, ops.select(losses.values, 0, 0)) : norm;
        const isGood = ops.isfinite(judged);
        const isBad = ops.to(ops.logicalNot(isGood), 'float32');
        const isSkipped = ops.maximum(this.#hasFailed, isBad);
        // With a loss scale the next, smaller one may do, unless it has become as small as it may.
        const isHopeless =
          lossScale === undefined ? isBad : ops.mul(isBad, ops.to(ops.le(scale, SMALLEST_SCALE), 'float32'));
        // maxNorm / (norm + 1e-6) where that is below 1, as PyTorch's clip_grad_norm_, the other way up.
        const excess = ops.clamp(ops.div(ops.add(norm, 1e-6), clipNorm), 1, null);
        optimizer.step({ divisor: ops.mul(scale, excess), isSkipped });
        const numbers = ops.cat([
          losses.values,
          ops.stack([norm, isSkipped, ops.mul(scale, 1)]), // a copy: the scale is about to change
        ]);
        ops.copy_(this.#hasFailed, ops.maximum(this.#hasFailed, isHopeless));
        lossScale?.update(isSkipped);
        meter.stepDone();
        return {
          numbers: new LateNumbers(numbers),
          lossNames: losses.names,
          learningRate: optimizer.learningRateAt(step),
        };
      });
    });
  }

  /** The gradients of a part; its losses, (1 + losses), times its share. */
  #backward(part: Placed, share: number): NamedValues {
    const body = (placed: Placed): NamedValues => {
      const { total, parts = {} } = asStepLoss(this.context.task.loss(placed));
      const factor = this.options.lossScale?.factor;
      const trained = share === 1 ? total : ops.mul(total, share);
      (factor === undefined ? trained : ops.mul(trained, factor)).backward();
      const values = ops.stack([total, ...Object.values(parts)].map((value) => ops.detach(value)));
      return { values: share === 1 ? values : ops.mul(values, share), names: Object.keys(parts) };
    };
    // Gradients of several parts add up, and those of several processes are sent while they are made: neither is one
    // sequence of kernels that is always the same.
    const isWhole = (this.context.task.numParts ?? 1) === 1 && this.context.partners === undefined;
    return this.#graphs !== undefined && isWhole ? this.#graphs.run(part, body) : scope(() => body(part));
  }

  #read({ step, batch, numbers, lossNames, learningRate, random, counters }: Pending): StepOutcome {
    const { partners } = this.context;
    const own = [...numbers.read()];
    const numLosses = 1 + lossNames.length;
    const losses = own.slice(0, numLosses);
    // Norm, decision and scale are the same in all processes; each has losses of its own.
    const [loss = Number.NaN, ...each] = partners === undefined ? losses : partners.sum(losses);
    const [gradientNorm = Number.NaN, skipped = 0, scale = 1] = own.slice(numLosses);
    const wasSkipped = skipped !== 0;
    const isScaled = this.options.lossScale !== undefined;
    if (wasSkipped && (!isScaled || scale <= SMALLEST_SCALE)) {
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

  #forget(pending: Pending | undefined): void {
    pending?.numbers.dispose();
    pending?.random.dispose();
  }
}
