import { describe, expect, it } from 'vitest';
import { noGrad, place, scope, type Tensor, tensor } from '../../../src/torch/index.js';
import * as ops from '../../../src/torch/operators/index.js';
import { constantSchedule, cosineSchedule } from '../../../src/train/learningRateSchedule.js';
import { AdamW } from '../../../src/train/optimizers/adamW.js';
import { FlatParameters } from '../../../src/train/optimizers/flatParameters.js';
import type { Optimizer } from '../../../src/train/optimizers/optimizer.js';
import { testDevices } from '../../support/devices.js';
import { flatOf } from '../../support/flatLeaves.js';

const NUM_STEPS = 6;
const PEAK = 0.02;
const DECAY = 0.1;

/** The gradient of a value at a step. */
const gradientOf = (value: number, step: number, i: number): number => Math.sin(step + 2 * i) * (value + 0.3);

/** `torch.optim.AdamW`'s documented rule, line by line, in doubles. */
function documentedAdamW(start: readonly number[], rates: readonly number[], decay = DECAY): number[] {
  const [beta1, beta2, eps] = [0.9, 0.999, 1e-8];
  const theta = [...start];
  const m = theta.map(() => 0);
  const v = theta.map(() => 0);
  for (const [step, rate] of rates.entries()) {
    const t = step + 1;
    for (let i = 0; i < theta.length; i++) {
      const g = gradientOf(theta[i]!, step, i);
      theta[i]! -= rate * decay * theta[i]!;
      m[i] = beta1 * m[i]! + (1 - beta1) * g;
      v[i] = beta2 * v[i]! + (1 - beta2) * g * g;
      const corrected = { m: m[i]! / (1 - beta1 ** t), v: v[i]! / (1 - beta2 ** t) };
      theta[i]! -= (rate * corrected.m) / (Math.sqrt(corrected.v) + eps);
    }
  }
  return theta;
}

const ratesOf = (optimizer: Optimizer): number[] =>
  Array.from({ length: NUM_STEPS }, (_, step) => optimizer.learningRateAt(step));

function giveGradient(parameter: Tensor, step: number): void {
  scope(() => {
    const values = [...parameter.toFloat32Array()].map((value, i) => gradientOf(value, step, i));
    parameter.grad = place(tensor(values, [...parameter.shape], parameter.dtype), parameter.device as 'cpu');
  });
}

describe('AdamW', () => {
  const start = [0.5, -1.5, 2, 0.01];

  it("is PyTorch's rule, in doubles, and skips what has no gradient", () => {
    using p = tensor(start, [4], 'float64');
    using idle = tensor([3], [1], 'float64');
    using flat = flatOf({ p, idle });
    const schedule = cosineSchedule({ warmupRatio: 0.3 });
    using optimizer = new AdamW(flat, {
      learningRate: PEAK,
      totalSteps: NUM_STEPS,
      schedule,
      weightDecay: DECAY,
    });
    const expected = documentedAdamW(start, ratesOf(optimizer));
    for (let step = 0; step < NUM_STEPS; step++) {
      using gradient = tensor(
        [...(p.data() as Float64Array)].map((value, i) => gradientOf(value, step, i)),
        [4],
        'float64',
      );
      p.grad = gradient;
      optimizer.step();
    }
    for (const [i, value] of [...(p.data() as Float64Array)].entries())
      expect(value).toBeCloseTo(expected[i]!, 13);
    expect(idle.item()).toBe(3);
    expect(optimizer.steps).toEqual({ p: NUM_STEPS });
  });

  it.each(testDevices)('is the same rule in the kernels of %s, with clipping', (device) => {
    using p = tensor(start);
    p.requiresGrad = true;
    const leaf = { tensor: p, isDense: false, parts: [{ name: 'p', numRows: 4 }] };
    using flat = new FlatParameters(new Map([['p', leaf]]), 'float32', device);
    using optimizer = new AdamW(flat, {
      learningRate: PEAK,
      totalSteps: NUM_STEPS,
      schedule: constantSchedule({ warmupRatio: 0 }),
      weightDecay: DECAY,
    });
    const expected = documentedAdamW(start, ratesOf(optimizer));
    for (let step = 0; step < NUM_STEPS; step++) {
      giveGradient(p, step);
      // Gradients of twice the size that are halved by the step.
      noGrad(() =>
        scope(() => {
          ops.mul_(p.grad!, 2);
        }),
      );
      scope(() =>
        optimizer.step(
          device === 'cpu'
            ? 0.5
            : { divisor: place(tensor([2], []), device), isSkipped: place(tensor([0], []), device) },
        ),
      );
    }
    for (const [i, value] of [...p.toFloat32Array()].entries()) {
      expect(Math.abs(value - expected[i]!)).toBeLessThan(2e-6);
    }
  });

  it.each(testDevices.filter((device) => device !== 'cpu'))(
    'does not count steps that float16 left out, on %s, also after a restore',
    (device) => {
      using p = tensor(start);
      p.requiresGrad = true;
      const leaf = { tensor: p, isDense: false, parts: [{ name: 'p', numRows: 4 }] };
      using flat = new FlatParameters(new Map([['p', leaf]]), 'float32', device);
      const options = {
        learningRate: PEAK,
        totalSteps: 10,
        schedule: constantSchedule({ warmupRatio: 0 }),
        weightDecay: DECAY,
      };
      let optimizer = new AdamW(flat, options);
      const step = (number: number, isSkipped: number): void => {
        giveGradient(p, number);
        const [divisor, skipped] = [1, isSkipped].map((value) => place(tensor([value], []), device));
        optimizer.step({ divisor: divisor!, isSkipped: skipped! });
      };
      scope(() => {
        // Two that change nothing, as with a loss scale that is too large.
        step(0, 1);
        step(0, 1);
        for (let number = 0; number < 3; number++) step(number, 0);
        const next = new AdamW(flat, options);
        const { tensors, steps } = optimizer.state();
        next.restore(tensors, steps);
        optimizer[Symbol.dispose]();
        optimizer = next;
        for (let number = 3; number < NUM_STEPS; number++) step(number, 0);
      });
      const expected = documentedAdamW(start, Array(NUM_STEPS).fill(PEAK));
      for (const [i, value] of [...p.toFloat32Array()].entries()) {
        expect(Math.abs(value - expected[i]!)).toBeLessThan(2e-6);
      }
      optimizer[Symbol.dispose]();
    },
  );

  it('decays all parameters, or matrices alone', () => {
    const decayed = (decayVectors?: boolean): number[] =>
      scope(() => {
        const matrix = tensor([1], [1, 1], 'float64');
        const bias = tensor([1], [1], 'float64');
        using flat = flatOf({ matrix, bias });
        using optimizer = new AdamW(flat, {
          learningRate: 0.1,
          totalSteps: 10,
          schedule: constantSchedule({ warmupRatio: 0 }),
          weightDecay: 0.5,
          ...(decayVectors !== undefined && { decayVectors }),
        });
        matrix.grad = tensor([0], [1, 1], 'float64');
        bias.grad = tensor([0], [1], 'float64');
        optimizer.step();
        return [matrix.item(), bias.item()];
      });
    expect(decayed()).toEqual([0.95, 0.95]);
    expect(decayed(false)).toEqual([0.95, 1]);
  });
});
