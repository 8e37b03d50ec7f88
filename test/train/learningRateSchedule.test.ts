import { describe, expect, it } from 'vitest';
import { LxmertError } from '../../src/common/errors.js';
import {
  constantSchedule,
  cosineSchedule,
  learningRateSchedule,
  linearSchedule,
  SCHEDULE_NAMES,
} from '../../src/train/learningRateSchedule.js';

describe('learning-rate schedules', () => {
  it.each(SCHEDULE_NAMES)('%s rises from 0 to its peak over the warm-up', (name) => {
    const schedule = learningRateSchedule(name, { warmupRatio: 0.25 });
    expect(schedule.name).toBe(name);
    expect([0, 5, 10, 20, 25].map((step) => schedule.factorAt(step, 100))).toEqual([0, 0.2, 0.4, 0.8, 1]);
  });

  it('falls as a line, not at all, or as half a cosine', () => {
    // The end of the warm-up, a third, half and all of what is left.
    const steps = [20, 20 + 80 / 3, 60, 100];
    const factors = (make: typeof linearSchedule): number[] =>
      steps.map((step) => make({ warmupRatio: 0.2 }).factorAt(step, 100));
    for (const [make, expected] of [
      [linearSchedule, [1, 2 / 3, 1 / 2, 0]],
      [constantSchedule, [1, 1, 1, 1]],
      [cosineSchedule, [1, 3 / 4, 1 / 2, 0]],
    ] as const) {
      for (const [i, factor] of factors(make).entries()) expect(factor).toBeCloseTo(expected[i]!, 12);
    }
  });

  it('stays at its end after the last step, which a run never does', () => {
    expect(linearSchedule().factorAt(120, 100)).toBe(0);
    expect(cosineSchedule().factorAt(120, 100)).toBe(0);
  });

  it('warms up over a tenth of the steps unless it says otherwise, and over no more than all', () => {
    expect(linearSchedule().factorAt(5, 100)).toBe(0.5);
    expect(cosineSchedule({ warmupRatio: 0 }).factorAt(0, 100)).toBe(1);
    expect(() => cosineSchedule({ warmupRatio: 1 })).toThrow(LxmertError);
  });
});
