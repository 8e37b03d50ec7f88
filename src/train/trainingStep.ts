/**
 * @file One training step, from the batch to the update, to be read from top to bottom: prepare, place, forward, loss,
 * backward (gradient accumulation, all-reduce), clip, optimizer. First what a step is given and gives, then its batch,
 * then the step on the CPU, then the same on a GPU, where nothing waits for a number.
 */

import type { Counts, StepLoss, TaskTraining } from '../tasks/index.js';
import { noGrad, scope, type Tensor } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';
import type { LossScale } from './gpu/lossScale.js';
import type { NamedValues, StepGraphs } from './gpu/stepGraphs.js';
import { clipGradients, gpuGradientNorm } from './optimizers/clipGradients.js';
import type { Optimizer } from './optimizers/optimizer.js';
import { notFinite } from './snapshots/failedRun.js';
import type { StepMeter } from './stepMeter.js';

/** Where batches come from (`DataLoader`). */
export interface BatchSource<Batch> {
  /** Steps of an epoch. */
  readonly numBatches: number;
  /** This process's share of a batch, in parts of equal size: one forward and backward pass for each. */
  load(batch: number): readonly Batch[];
}

/** The other processes that take part in each step (`DataParallel`). */
export interface StepProcessGroup {
  readonly worldSize: number;
  /** Seeds the step's random numbers. */
  beforeStep(step: number): void;
  /** Sums numbers over the processes. */
  sum(numbers: readonly number[]): number[];
  /** Called before the last backward pass of a step: gradients are sent while it runs. */
  beforeLastBackward(): void;
  /** Sums the gradients, and with them some numbers, over the processes. */
  afterBackward(numbers: readonly number[]): number[];
}

/** What every step is given. */
export interface StepContext<Batch = unknown, Placed = unknown> {
  readonly task: Pick<TaskTraining<Batch, Placed>, 'counts' | 'place' | 'loss'>;
  readonly batches: BatchSource<Batch>;
  readonly optimizer: Optimizer;
  /** The largest global norm of the gradients. */
  readonly clipNorm: number;
  readonly meter: StepMeter;
  readonly processGroup: StepProcessGroup | undefined;
}

/** What is known of a step that is done. */
export interface StepResult {
  /** From 0. */
  readonly step: number;
  /** Of the epoch, from 0. */
  readonly batch: number;
  readonly loss: number;
  /** Of a loss that is made of several. */
  readonly losses?: Readonly<Record<string, number>>;
  readonly gradientNorm: number;
  readonly learningRate: number;
  /** What the loss was multiplied by (float16). */
  readonly lossScale?: number;
  /** Nothing was changed: a gradient left what float16 can hold, and the loss scale was too large. */
  readonly wasSkipped?: boolean;
}

/** This process's share of a batch, where the model computes. */
export interface PlacedBatch<Placed> {
  readonly parts: readonly Placed[];
  /** What each part's loss is multiplied by, so that those of all parts and processes add up to the batch's. */
  readonly share: number;
}

/** Makes a batch, reads what its losses are divided by, and brings it to the model. Call it inside a scope. */
export function placeBatch<Batch, Placed>(
  { task, batches, processGroup }: StepContext<Batch, Placed>,
  batch: number,
): PlacedBatch<Placed> {
  const prepared = batches.load(batch);
  const numShares = prepared.length * (processGroup?.worldSize ?? 1);
  const whole = numShares === 1 ? undefined : wholeCounts(task, prepared, processGroup);
  return {
    parts: prepared.map((part) => task.place(part, whole)),
    // Losses that are divided by the whole batch's counts add up by themselves.
    share: whole === undefined ? 1 / numShares : 1,
  };
}

/** The counts of a batch, over all parts and processes. */
function wholeCounts<Batch>(
  task: Pick<TaskTraining<Batch>, 'counts'>,
  prepared: readonly Batch[],
  processGroup: StepProcessGroup | undefined,
): Counts | undefined {
  if (task.counts === undefined) return undefined;
  const own: Record<string, number> = {};
  for (const part of prepared) {
    for (const [name, count] of Object.entries(task.counts(part))) own[name] = (own[name] ?? 0) + count;
  }
  return processGroup === undefined ? own : named(Object.keys(own), processGroup.sum(Object.values(own)));
}

/**
 * A step on the CPU. Until its last lines no weight has changed.
 *
 * @throws LxmertError when the loss or the gradient is not finite
 */
export function cpuStep<Batch, Placed>(
  context: StepContext<Batch, Placed>,
  batch: number,
  step: number,
): StepResult {
  const { task, optimizer, clipNorm, meter, processGroup } = context;
  return scope(() => {
    processGroup?.beforeStep(step);
    const { parts, share } = meter.waiting(() => placeBatch(context, batch));

    // Forward and backward of each part. Gradients accumulate.
    const values = parts.map((part, i) =>
      scope(() => {
        const stepLoss = asStepLoss(task.loss(part));
        const value = numbersOf(stepLoss, share);
        // Other processes wait for the gradients, whatever they are.
        if (processGroup === undefined) requireFinite(value.loss);
        if (i === parts.length - 1) processGroup?.beforeLastBackward();
        shareOfLoss(stepLoss.total, share).backward();
        return value;
      }),
    );
    const own = values.reduce(sumOfValues);

    // All-reduce: gradients and losses are then the batch's.
    const { loss, losses } = processGroup === undefined ? own : overProcesses(own, processGroup);
    requireFinite(loss);

    const { norm: gradientNorm, scale } = clipGradients(optimizer.parameters, clipNorm);
    if (!Number.isFinite(gradientNorm)) {
      throw notFinite(`The gradient became ${gradientNorm} although the loss is ${loss}.`);
    }

    const learningRate = optimizer.learningRateAt(step);
    optimizer.step(scale);
    meter.stepDone();
    return { step, batch, loss, ...(losses && { losses }), gradientNorm, learningRate };
  });
}

/** What steps on a GPU are given besides. */
export interface GpuStepContext<Batch = unknown, Placed = unknown> extends StepContext<Batch, Placed> {
  /** For float16. */
  readonly lossScale: LossScale | undefined;
  /** Forward and backward pass as one recorded graph of kernels. */
  readonly graphs: StepGraphs | undefined;
  /** () float32: 1 from a step on that ends the run, so that none after it changes anything. */
  readonly hasFailed: Tensor;
}

/** float16 whose loss overflows at this scale has another fault than its scale. */
export const SMALLEST_LOSS_SCALE = 2 ** -10;

/** The numbers of a step that was handed to the GPU. */
export interface GpuStepNumbers {
  /** (n + 4) float32: loss, n losses, gradient norm, 1 for a skipped step, loss scale. */
  readonly numbers: Tensor;
  readonly lossNames: readonly string[];
}

/**
 * A step on a GPU, which is handed its kernels and not waited for. Whether the gradients are finite is decided there: the
 * weights stay as they are when they are not, in float16 with a smaller loss scale for the next step.
 *
 * @returns numbers that are known when the GPU is done, inside the caller's scope
 */
export function gpuStep<Batch, Placed>(
  context: GpuStepContext<Batch, Placed>,
  { parts, share }: PlacedBatch<Placed>,
): GpuStepNumbers {
  const { optimizer, clipNorm, meter, processGroup, lossScale, hasFailed } = context;

  // Forward and backward of each part. Gradients accumulate.
  const values = parts.map((part, i) => {
    if (i === parts.length - 1) processGroup?.beforeLastBackward();
    return gpuBackward(context, part, { share, isOnlyPart: parts.length === 1 });
  });

  // All-reduce of the gradients; the losses of other processes are asked for when this one's are read.
  processGroup?.afterBackward([]);

  return noGrad(() => {
    const losses = values.reduce((sum, { values: next, names }) => ({
      values: ops.add(sum.values, next),
      names,
    }));
    const scaledNorm = gpuGradientNorm(optimizer.parameters);
    const scale = lossScale?.factor ?? ops.onesLike(scaledNorm);
    const norm = ops.div(scaledNorm, scale);

    // Several processes must decide alike: they have one norm, and losses of their own.
    const judged = processGroup === undefined ? ops.add(norm, ops.select(losses.values, 0, 0)) : norm;
    const isBad = ops.to(ops.logicalNot(ops.isfinite(judged)), 'float32');
    const isSkipped = ops.maximum(hasFailed, isBad);
    // With a loss scale the next, smaller one may do, unless it has become as small as it may.
    const isHopeless =
      lossScale === undefined ? isBad : ops.mul(isBad, ops.to(ops.le(scale, SMALLEST_LOSS_SCALE), 'float32'));

    // Clip: maxNorm / (norm + 1e-6) where that is below 1, as PyTorch's clip_grad_norm_, the other way up.
    const excess = ops.clamp(ops.div(ops.add(norm, 1e-6), clipNorm), 1, null);

    optimizer.step({ divisor: ops.mul(scale, excess), isSkipped });
    const numbers = ops.cat([
      losses.values,
      ops.stack([norm, isSkipped, ops.mul(scale, 1)]), // a copy: the scale is about to change
    ]);
    ops.copy_(hasFailed, ops.maximum(hasFailed, isHopeless));
    lossScale?.update(isSkipped);
    meter.stepDone();
    return { numbers, lossNames: losses.names };
  });
}

/** Forward and backward pass of a part; its losses, (1 + losses) float32, times its share. */
function gpuBackward<Batch, Placed>(
  { task, graphs, lossScale, processGroup }: GpuStepContext<Batch, Placed>,
  part: Placed,
  { share, isOnlyPart }: { readonly share: number; readonly isOnlyPart: boolean },
): NamedValues {
  const pass = (placed: Placed): NamedValues => {
    const { total, parts = {} } = asStepLoss(task.loss(placed));
    const trained = shareOfLoss(total, share);
    const factor = lossScale?.factor;
    (factor === undefined ? trained : ops.mul(trained, factor)).backward();
    const values = ops.stack([total, ...Object.values(parts)].map((value) => ops.detach(value)));
    return { values: shareOfLoss(values, share), names: Object.keys(parts) };
  };
  // Gradients of several parts add up, and those of several processes are sent while they are made: neither is one
  // sequence of kernels that is always the same.
  const isRecordable = isOnlyPart && processGroup === undefined;
  return graphs !== undefined && isRecordable ? graphs.run(part, pass) : scope(() => pass(part));
}

/** A batch's loss, and what it is made of where it is made of several. */
interface LossValues {
  readonly loss: number;
  readonly losses: Record<string, number> | undefined;
}

interface AnyLoss {
  readonly total: Tensor;
  readonly parts?: StepLoss['parts'];
}

function asStepLoss(loss: Tensor | StepLoss): AnyLoss {
  return 'parts' in loss ? loss : { total: loss };
}

function shareOfLoss(loss: Tensor, share: number): Tensor {
  return share === 1 ? loss : ops.mul(loss, share);
}

function requireFinite(loss: number): void {
  if (!Number.isFinite(loss)) throw notFinite(`The loss became ${loss}.`);
}

function numbersOf({ total, parts }: AnyLoss, share: number): LossValues {
  const scaled = (tensor: Tensor): number => share * tensor.item();
  const losses =
    parts && Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, scaled(part)]));
  return { loss: scaled(total), losses };
}

function sumOfValues(one: LossValues, other: LossValues): LossValues {
  const { losses } = one;
  const names = Object.keys(losses ?? {});
  const sums = names.map((name) => (losses?.[name] ?? 0) + (other.losses?.[name] ?? 0));
  return { loss: one.loss + other.loss, losses: losses && named(names, sums) };
}

/** All processes compute the same losses, in the same order. */
function overProcesses({ loss, losses }: LossValues, processGroup: StepProcessGroup): LossValues {
  const [sum = Number.NaN, ...others] = processGroup.afterBackward([loss, ...Object.values(losses ?? {})]);
  return { loss: sum, losses: losses && named(Object.keys(losses), others) };
}

function named(names: readonly string[], values: readonly number[]): Record<string, number> {
  return Object.fromEntries(names.map((name, i) => [name, values[i] ?? Number.NaN]));
}
