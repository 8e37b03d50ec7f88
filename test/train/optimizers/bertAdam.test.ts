import { describe, expect, it } from 'vitest';
import { manualSeed, scope, type Tensor, tensor } from '../../../src/torch/index.js';
import * as ops from '../../../src/torch/operators/index.js';
import { BertAdam } from '../../../src/train/optimizers/bertAdam.js';
import { flatOf } from '../../support/flatLeaves.js';

describe('BertAdam.join', () => {
  it('gives a parameter that comes later the rate of the others, and one that was trained its own', () => {
    manualSeed(1);
    const [early, late] = [tensor([1]), tensor([1])];
    const flat = flatOf({ early, late });
    const optimizer = new BertAdam(flat, { learningRate: 0.1, totalSteps: 10, weightDecay: 0 });
    const train = (loss: () => Tensor): void =>
      scope(() => {
        ops.sum(loss()).backward();
        optimizer.step();
      });
    for (let step = 0; step < 4; step++) train(() => early);
    optimizer.join(() => true, 4);
    const before = late.item();
    train(() => ops.add(early, late));
    // m = 0.1, v = 0.001: the first update of a parameter is about 0.1 / sqrt(0.001), times the rate of step 4.
    const moved = (before - late.item()) / (0.1 / (Math.sqrt(0.001) + 1e-6));
    expect(moved).toBeCloseTo(optimizer.learningRateAt(4), 5);
    const { steps, tensors } = optimizer.state();
    expect(steps).toEqual({ early: 5, late: 5 });
    for (const view of tensors.values()) view.dispose();
    optimizer[Symbol.dispose]();
    flat[Symbol.dispose]();
    early.dispose();
    late.dispose();
  });
});

describe('BertAdam', () => {
  it('refuses a state of another shape', () => {
    using p = tensor([1, 2, 3]);
    using one = tensor([7]);
    using flat = flatOf({ p });
    using optimizer = new BertAdam(flat, { learningRate: 0.1, totalSteps: 8 });
    const tensors = new Map([
      ['p/mean', one],
      ['p/mean_square', one],
    ]);
    expect(() => optimizer.restore(tensors, { p: 1 })).toThrow("'p' has the shape (1)");
  });

  it('matches an independent double-precision account, and skips what has no gradient', () => {
    using p = tensor([0.5, -1.5, 2], [3], 'float64');
    using idle = tensor([3], [1], 'float64');
    using flat = flatOf({ p, idle });
    using optimizer = new BertAdam(flat, { learningRate: 0.01, totalSteps: 10 });
    const expected = [0.5, -1.5, 2];
    const m = [0, 0, 0];
    const v = [0, 0, 0];
    for (let step = 0; step < 6; step++) {
      const gradient = expected.map((x, i) => Math.sin(step + i) * x);
      using g = tensor(gradient, [3], 'float64');
      p.grad = g;
      optimizer.step();
      const progress = step / 10;
      const rate = 0.01 * (progress < 0.1 ? progress / 0.1 : (progress - 1) / (0.1 - 1));
      for (let i = 0; i < 3; i++) {
        m[i] = 0.9 * m[i]! + 0.1 * gradient[i]!;
        v[i] = 0.999 * v[i]! + 0.001 * gradient[i]! ** 2;
        expected[i] = expected[i]! - rate * (m[i]! / (Math.sqrt(v[i]!) + 1e-6) + 0.01 * expected[i]!);
      }
    }
    for (const [i, value] of [...(p.data() as Float64Array)].entries())
      expect(value).toBeCloseTo(expected[i]!, 12);
    expect(idle.item()).toBe(3);
    scope(() => expect(optimizer.state().steps).toEqual({ p: 6 }));
  });

  it('goes on from a saved state as if it had not stopped', () => {
    const run = (stopAt: number | undefined): number => {
      using p = tensor([1], [1], 'float64');
      using flat = flatOf({ p });
      let optimizer = new BertAdam(flat, { learningRate: 0.1, totalSteps: 8 });
      for (let step = 0; step < 6; step++) {
        if (step === stopAt) {
          const next = new BertAdam(flat, { learningRate: 0.1, totalSteps: 8 });
          scope(() => {
            const { tensors, steps } = optimizer.state();
            next.restore(tensors, steps);
          });
          optimizer[Symbol.dispose]();
          optimizer = next;
        }
        using g = tensor([Math.cos(step)], [1], 'float64');
        p.grad = g;
        optimizer.step();
      }
      const value = p.item();
      optimizer[Symbol.dispose]();
      return value;
    };
    expect(run(3)).toBe(run(undefined));
  });
});
