/** @file The backward passes of a step: over parts of a process's share of the batch, whose losses add up to the batch's. */

import { scope, type Tensor } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';
import type { StepMeter } from './stepMeter.js';
import type { Counts, StepLoss, TrainingTask } from './trainingTask.js';

/** Other processes that take part in each step (`DataParallel`). */
export interface StepPartners {
  readonly worldSize: number;
  beforeStep(step: number): void;
  /** Sums numbers over the processes. */
  sum(numbers: readonly number[]): number[];
  /** Called before the last backward pass of a step. */
  beforeLastBackward(): void;
  /** Sums the gradients, and with them some numbers, over the processes. */
  afterBackward(numbers: readonly number[]): number[];
  /** After a failure: who saves the run, when it is not this process. */
  savedElsewhere(): Promise<string | undefined>;
}

/** A batch's loss, and what it is made of where it is made of several. */
export interface StepValue {
  readonly loss: number;
  readonly losses: Record<string, number> | undefined;
}

interface StepPlace {
  readonly batch: number;
  readonly meter: StepMeter;
  readonly partners: StepPartners | undefined;
}

/** The parts of this process's share of a batch, where the model computes. */
export interface PlacedParts<Placed> {
  readonly parts: readonly Placed[];
  /** What each part's loss is multiplied by, so that all add up to the batch's. */
  readonly share: number;
}

/** Makes the parts of a batch and brings them to where the model computes. Call it inside a scope. */
export function placeParts<Batch, Placed>(
  task: TrainingTask<Batch, Placed>,
  batch: number,
  partners: StepPartners | undefined,
): PlacedParts<Placed> {
  const { numParts = 1 } = task;
  const numShares = numParts * (partners?.worldSize ?? 1);
  const prepared = Array.from({ length: numParts }, (_, part) => task.prepare(batch, part));
  const whole = numShares === 1 ? undefined : wholeCounts(task, prepared, partners);
  return {
    parts: prepared.map((part) => task.place(part, whole)),
    // Losses that are divided by the whole batch's counts add up by themselves.
    share: whole === undefined ? 1 / numShares : 1,
  };
}

/**
 * Computes the gradients of a batch's loss, over all parts and processes. A loss that is not finite is returned as such,
 * and then without a backward pass unless other processes wait for the gradients.
 */
export function backwardOfParts<Batch, Placed>(
  task: TrainingTask<Batch, Placed>,
  { batch, meter, partners }: StepPlace,
): StepValue {
  const placed = meter.waiting(() => placeParts(task, batch, partners));
  const { share } = placed;
  const sums: StepValue[] = [];
  for (const [part, inputs] of placed.parts.entries()) {
    const value = scope(() => {
      const { total, parts } = asStepLoss(task.loss(inputs));
      const found = numbersOf(total, parts, share);
      if (!Number.isFinite(found.loss) && partners === undefined) return found;
      if (part === placed.parts.length - 1) partners?.beforeLastBackward();
      (share === 1 ? total : ops.mul(total, share)).backward();
      return found;
    });
    sums.push(value);
    if (!Number.isFinite(value.loss) && partners === undefined) return value;
  }
  const own = sums.reduce(added);
  return partners === undefined ? own : overProcesses(own, partners);
}

function wholeCounts<Batch, Placed>(
  task: TrainingTask<Batch, Placed>,
  prepared: readonly Batch[],
  partners: StepPartners | undefined,
): Counts | undefined {
  if (task.counts === undefined) return undefined;
  const own: Record<string, number> = {};
  for (const part of prepared) {
    for (const [name, count] of Object.entries(task.counts(part))) own[name] = (own[name] ?? 0) + count;
  }
  return partners === undefined ? own : named(Object.keys(own), partners.sum(Object.values(own)));
}

export function asStepLoss(loss: Tensor | StepLoss): {
  readonly total: Tensor;
  readonly parts?: StepLoss['parts'];
} {
  return 'parts' in loss ? loss : { total: loss };
}

function numbersOf(total: Tensor, parts: StepLoss['parts'] | undefined, share: number): StepValue {
  const scaled = (tensor: Tensor): number => share * tensor.item();
  const losses =
    parts && Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, scaled(part)]));
  return { loss: scaled(total), losses };
}

function added(one: StepValue, other: StepValue): StepValue {
  const { losses } = one;
  const names = Object.keys(losses ?? {});
  return {
    loss: one.loss + other.loss,
    losses:
      losses &&
      named(
        names,
        names.map((name) => (losses[name] ?? 0) + (other.losses?.[name] ?? 0)),
      ),
  };
}

/** All processes compute the same losses, in the same order. */
function overProcesses({ loss, losses }: StepValue, partners: StepPartners): StepValue {
  const [sum = Number.NaN, ...others] = partners.afterBackward([loss, ...Object.values(losses ?? {})]);
  return { loss: sum, losses: losses && named(Object.keys(losses), others) };
}

function named(names: readonly string[], values: readonly number[]): Record<string, number> {
  return Object.fromEntries(names.map((name, i) => [name, values[i] ?? Number.NaN]));
}
