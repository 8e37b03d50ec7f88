/** @file Learning rates over a run, as factors of the peak rate. */

/** The shapes a schedule can have. The published runs use `warmup-linear`. */
export type ScheduleName = 'warmup-linear' | 'warmup-constant';

/**
 * The factor at `step` of `totalSteps`, both counted from 0 (reference facts, "Optimizer"). It rises linearly from
 * 0 over the warm-up share, so that the first step changes nothing; then falls linearly to 0 or stays at 1.
 *
 * @param warmupRatio share of the steps, 0 to below 1
 */
export function scheduleFactor(
  name: ScheduleName,
  step: number,
  totalSteps: number,
  warmupRatio: number,
): number {
  const progress = step / totalSteps;
  if (progress < warmupRatio) return progress / warmupRatio;
  return name === 'warmup-constant' ? 1 : Math.max((progress - 1) / (warmupRatio - 1), 0);
}
