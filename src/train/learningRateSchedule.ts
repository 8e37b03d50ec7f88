/** @file Learning-rate schedules: the rate over a run, as factors of its peak. */

import { LxmertError } from '../common/errors.js';

/** How the learning rate goes over a run. */
export interface LearningRateSchedule {
  /** As config.json calls it; a run can only be resumed with the schedule of this name. */
  readonly name: string;
  /**
   * What the peak rate is multiplied by.
   *
   * @param step from 0
   * @param totalSteps of the whole run
   */
  factorAt(step: number, totalSteps: number): number;
}

/** The schedules that `--schedule` names. */
export const SCHEDULE_NAMES = ['linear', 'constant', 'cosine'] as const;
export type ScheduleName = (typeof SCHEDULE_NAMES)[number];

export interface WarmupOptions {
  /** Share of the steps with a rising rate, 0 to below 1: 0.1 in the paper's fine-tuning, 0.05 in its pre-training. */
  readonly warmupRatio?: number;
}

const DEFAULT_WARMUP_RATIO = 0.1;

/**
 * Linear warm-up, then linear decay to 0: the schedule of the published runs (the reference's `warmup_linear`;
 * docs/how-it-works/reference-implementation.md, "Learning rate").
 */
export function linearSchedule(options: WarmupOptions = {}): LearningRateSchedule {
  // (p - 1) / (w - 1) as the reference writes it, to the last bit.
  return withWarmup('linear', options, (progress, warmup) => Math.max((progress - 1) / (warmup - 1), 0));
}

/** Linear warm-up, then the peak rate to the end (the reference's `warmup_constant`). */
export function constantSchedule(options: WarmupOptions = {}): LearningRateSchedule {
  return withWarmup('constant', options, () => 1);
}

/** Linear warm-up, then half a cosine down to 0 (Loshchilov and Hutter, 2017, without restarts). */
export function cosineSchedule(options: WarmupOptions = {}): LearningRateSchedule {
  return withWarmup('cosine', options, (progress, warmup) => {
    const decayed = Math.min((progress - warmup) / (1 - warmup), 1);
    return 0.5 * (1 + Math.cos(Math.PI * decayed));
  });
}

/** A schedule by its name. */
export function learningRateSchedule(name: ScheduleName, options: WarmupOptions = {}): LearningRateSchedule {
  return { linear: linearSchedule, constant: constantSchedule, cosine: cosineSchedule }[name](options);
}

/**
 * The factor rises linearly from 0 over the warm-up, so that the first step changes nothing; then `after` gives it.
 *
 * @throws LxmertError for a warm-up that is no share
 */
function withWarmup(
  name: ScheduleName,
  { warmupRatio = DEFAULT_WARMUP_RATIO }: WarmupOptions,
  after: (progress: number, warmupRatio: number) => number,
): LearningRateSchedule {
  if (!(warmupRatio >= 0 && warmupRatio < 1)) {
    throw new LxmertError(`warmupRatio must be a share from 0 to below 1, and is ${warmupRatio}.`);
  }
  return {
    name,
    factorAt: (step, totalSteps) => {
      const progress = step / totalSteps;
      return progress < warmupRatio ? progress / warmupRatio : after(progress, warmupRatio);
    },
  };
}
