import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { LxmertError, UsageError } from '../../src/common/errors.js';
import {
  getRandomState,
  liveTensors,
  manualSeed,
  noGrad,
  scope,
  type Tensor,
  tensor,
} from '../../src/torch/index.js';
import * as ops from '../../src/torch/operators/index.js';
import { BertAdam } from '../../src/train/bertAdam.js';
import { clipGradients } from '../../src/train/clipGradients.js';
import { FlatParameters } from '../../src/train/flatParameters.js';
import { RunFolder } from '../../src/train/runFolder.js';
import {
  type EpochMetrics,
  runTraining,
  type StepMetrics,
  type TrainingOptions,
} from '../../src/train/trainingLoop.js';
import type { TrainingState } from '../../src/train/trainingState.js';

/** Tensors as the leaves of a model. */
function flatOf(tensors: Readonly<Record<string, Tensor>>): FlatParameters {
  const leaves = Object.entries(tensors).map(([name, leaf]) => {
    leaf.requiresGrad = true;
    return [name, { tensor: leaf, isDense: false, parts: [{ name, numRows: leaf.shape[0] ?? 1 }] }] as const;
  });
  return new FlatParameters(new Map(leaves));
}

/** Fits y = 2 x; the scores are given. */
function setup(scores: number[], overrides: Partial<TrainingOptions<Tensor, Tensor>> = {}) {
  manualSeed(1);
  const weight = tensor([0]);
  weight.requiresGrad = true;
  const flat = flatOf({ weight });
  const optimizer = new BertAdam(flat, { learningRate: 0.1, totalSteps: 120 });
  const saved: string[] = [];
  const epochs: EpochMetrics[] = [];
  const live: number[] = [];
  const loss = (x: Tensor): Tensor => {
    const error = ops.sub(ops.mul(x, weight), ops.mul(x, 2));
    return ops.mean(ops.mul(error, error));
  };
  const options: TrainingOptions<Tensor, Tensor> = {
    task: {
      numBatches: 40,
      batchSize: 8,
      startEpoch: () => undefined,
      prepare: () => ops.rand([8]),
      place: (x: Tensor) => x,
      loss: (x: Tensor) => loss(x),
      evaluate: async () => {
        live.push(liveTensors());
        return scores.shift() ?? 0;
      },
    },
    optimizer,
    numEpochs: 3,
    clipNorm: 5,
    save: async (name) => {
      saved.push(name);
    },
    onEpoch: (metrics) => epochs.push(metrics),
    ...overrides,
  };
  return {
    options,
    loss,
    saved,
    epochs,
    live,
    weight,
    end: () => {
      optimizer[Symbol.dispose]();
      flat[Symbol.dispose]();
      weight.dispose();
    },
  };
}

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

describe('runTraining', () => {
  it('lowers the loss, keeps the number of tensors, and saves BEST only when strictly better', async () => {
    const run = setup([0.4, 0.4, 0.5]);
    const result = await runTraining(run.options);
    expect(run.weight.item()).toBeGreaterThan(1);
    expect(run.epochs[2]!.meanLoss).toBeLessThan(run.epochs[0]!.meanLoss / 2);
    expect(run.saved).toEqual(['BEST', 'LAST', 'LAST', 'BEST', 'LAST']);
    expect(result).toEqual({ bestScore: 0.5, bestEpoch: 2, numSteps: 120, wasInterrupted: false });
    expect(run.live[2]).toBe(run.live[0]);
    run.end();
  });

  it('never calls a score of 0 the best', async () => {
    const run = setup([0, 0, 0]);
    await runTraining(run.options);
    expect(run.saved).toEqual(['LAST', 'LAST', 'LAST']);
    run.end();
  });

  it('keeps the lowest of scores that are losses, among those that mean the same', async () => {
    const run = setup([3, 2, 7, 6], { numEpochs: 4 });
    const task = {
      ...run.options.task,
      better: 'lower' as const,
      comparableFrom: (epoch: number) => (epoch >= 2 ? 2 : 0),
    };
    const result = await runTraining({ ...run.options, task });
    expect(run.epochs.map(({ isBest }) => isBest)).toEqual([true, true, true, true]);
    expect(result).toMatchObject({ bestScore: 6, bestEpoch: 3 });
    run.end();
  });

  it('records what a loss is made of and what an evaluation found, through a resume', async () => {
    const states: TrainingState[] = [];
    const parts = (overrides: Partial<TrainingOptions<Tensor, Tensor>> = {}) => {
      const run = setup([1, 1, 1], {
        stepsPerSnapshot: 15,
        snapshot: async (state) => {
          states.push(state);
        },
        ...overrides,
      });
      const task = {
        ...run.options.task,
        // The same number for a step however the run came there, so that the means can be compared.
        loss: (x: Tensor) => ({ total: run.loss(x), parts: { Ones: ops.ones([]), Twos: ops.full([], 2) } }),
        evaluate: async () => ({ score: 1, details: { Found: 5 } }),
      };
      return { ...run, options: { ...run.options, task } };
    };
    const whole = parts();
    await runTraining(whole.options);
    expect(whole.epochs[0]).toMatchObject({ meanLosses: { Ones: 1, Twos: 2 }, validation: { Found: 5 } });
    whole.end();
    const middle = states.find(({ batch }) => batch === 30)!;
    expect(middle.epochLosses).toEqual({ Ones: 30, Twos: 60 });
    const resumed = parts({ start: middle });
    await runTraining(resumed.options);
    expect(resumed.epochs[0]).toMatchObject({ meanLosses: { Ones: 1, Twos: 2 } });
    resumed.end();
  });

  it('finishes the step and saves LAST when interrupted', async () => {
    const abort = new AbortController();
    let numUpdates = 0;
    const run = setup([0.1], {
      signal: abort.signal,
      progress: {
        update: () => {
          if (++numUpdates === 7) abort.abort();
        },
      },
    });
    const result = await runTraining(run.options);
    expect(result.wasInterrupted).toBe(true);
    expect(result.numSteps).toBe(7);
    expect(run.saved).toEqual(['LAST']);
    run.end();
  });

  it('says how fast it goes, what it waits for, and how much memory it has', async () => {
    const details: string[] = [];
    const records: StepMetrics[] = [];
    const run = setup([0.1], {
      numEpochs: 1,
      progress: { update: (_done, _total, detail = '') => details.push(detail) },
      onStep: (metrics) => records.push(metrics),
    });
    await runTraining(run.options);
    expect(details).toHaveLength(40);
    expect(details[9]).toMatch(/^loss [\d.e-]+, [\d.,]+ examples\/s, data wait \d+ %, \d+\.\d\d GiB$/);
    expect(records.map(({ step }) => step)).toEqual([20, 40]);
    for (const { dataWaitShare, residentBytes, examplesPerSecond } of records) {
      expect(dataWaitShare).toBeGreaterThan(0);
      expect(dataWaitShare).toBeLessThan(1);
      expect(residentBytes).toBeGreaterThan(2 ** 20);
      expect(examplesPerSecond).toBeGreaterThan(0);
    }
    run.end();
  });
});

describe('a step that fails', () => {
  /** Goes well for five steps. */
  const failing = (run: ReturnType<typeof setup>, fail: (weight: Tensor) => Tensor) => {
    let numSteps = 0;
    return { ...run.options.task, loss: (x: Tensor) => (numSteps++ === 5 ? fail(run.weight) : run.loss(x)) };
  };
  const failedRun = async (fail: (weight: Tensor) => Tensor) => {
    const states: TrainingState[] = [];
    const random: string[] = [];
    const run = setup([], {
      snapshot: async (state) => {
        states.push(state);
        random.push(scope(() => Buffer.from(getRandomState().data() as Uint8Array).toString('hex')));
      },
    });
    const task = failing(run, fail);
    let randomBefore = '';
    const watched = {
      ...task,
      prepare: (batch: number, part: number) => {
        randomBefore = scope(() => Buffer.from(getRandomState().data() as Uint8Array).toString('hex'));
        return task.prepare(batch, part);
      },
    };
    const error: unknown = await runTraining({ ...run.options, task: watched }).catch((reason) => reason);
    const weight = run.weight.item();
    const gradient = run.weight.grad;
    run.end();
    return { error, states, saved: run.saved, weight, gradient, hasSameRandom: random[0] === randomBefore };
  };
  /** The weight after five whole steps. */
  const wholeSteps = async (): Promise<number> => {
    const abort = new AbortController();
    const run = setup([], {
      signal: abort.signal,
      progress: { update: (done) => (done === 5 ? abort.abort() : undefined) },
    });
    await runTraining(run.options);
    const weight = run.weight.item();
    run.end();
    return weight;
  };

  it.each([
    ['a loss that is not finite', (w: Tensor) => ops.mul(ops.sum(w), Number.NaN), 'The loss became NaN.'],
    [
      'an infinite gradient of a finite loss',
      (w: Tensor) => ops.sum(ops.sqrt(ops.mul(w, 0))),
      /The gradient became (Infinity|NaN) although the loss is 0/,
    ],
    [
      'no memory',
      (w: Tensor) => ops.sum(ops.add(ops.empty([2 ** 46]), w)),
      'Memory ran out at step 5 (epoch 0, batch 5)',
    ],
    [
      'features that are gone',
      () => {
        throw new LxmertError('The file x is gone.');
      },
      'The file x is gone. This was at step 5 (epoch 0, batch 5).',
    ],
  ] as const)(
    '%s: the run is saved as it was before, and a sentence says so',
    async (_what, fail, message) => {
      const { error, states, saved, weight, gradient, hasSameRandom } = await failedRun(fail);
      expect(error).toBeInstanceOf(LxmertError);
      expect((error as Error).message).toMatch(message);
      expect((error as Error).message).toContain('--resume');
      expect(weight).toBe(await wholeSteps());
      expect(gradient).toBeNull();
      expect(states).toMatchObject([{ step: 5, epoch: 0, batch: 5 }]);
      expect(saved).toEqual(['LAST']);
      expect(hasSameRandom).toBe(true);
    },
  );

  it('by a bug: the run is saved, and the bug is not dressed up', async () => {
    const { error, saved } = await failedRun(() => {
      throw new TypeError('x is not a function');
    });
    expect(error).toBeInstanceOf(TypeError);
    expect(saved).toEqual(['LAST']);
  });

  it('does not save weights that are spoiled', async () => {
    const run = setup([]);
    const task = failing(run, (weight) => {
      noGrad(() => ops.fill_(weight, Number.NaN));
      return ops.sum(weight);
    });
    await expect(runTraining({ ...run.options, task })).rejects.toThrow('The weights are spoiled as well');
    expect(run.saved).toEqual([]);
    run.end();
  });

  it('says when the run could not be saved either', async () => {
    const run = setup([], { save: () => Promise.reject(new LxmertError('The disk is full.')) });
    const task = failing(run, (weight) => ops.mul(ops.sum(weight), Number.NaN));
    await expect(runTraining({ ...run.options, task })).rejects.toThrow(
      'Saving the run failed as well: The disk is full.',
    );
    run.end();
  });

  it('in an evaluation: the run goes on with the evaluation', async () => {
    const states: TrainingState[] = [];
    const run = setup([], { snapshot: async (state) => void states.push(state) });
    const task = { ...run.options.task, evaluate: () => Promise.reject(new LxmertError('No such image.')) };
    await expect(runTraining({ ...run.options, task })).rejects.toThrow(
      'This was at the evaluation after epoch 0.',
    );
    expect(states).toMatchObject([{ step: 40, epoch: 0, batch: 40 }]);
    run.end();
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

describe('clipGradients', () => {
  it('scales to the norm only when above it', () => {
    using a = tensor([0, 0]);
    using b = tensor([0]);
    using flat = flatOf({ a, b });
    using ga = tensor([3, 0]);
    using gb = tensor([4]);
    a.grad = ga;
    b.grad = gb;
    expect(clipGradients(flat, 10)).toEqual({ norm: 5, scale: 1 });
    const clipped = clipGradients(flat, 1);
    expect(clipped.norm).toBeCloseTo(5, 6);
    expect(4 * clipped.scale).toBeCloseTo(0.8, 5);
    flat.zeroGrad();
    expect(clipGradients(flat, 1)).toEqual({ norm: 0, scale: 1 });
  });
});

describe('RunFolder', () => {
  it('refuses a folder that holds files, and appends logs', async () => {
    const parent = await mkdtemp(path.join(tmpdir(), 'run-'));
    const run = await RunFolder.create(path.join(parent, 'a', 'b'));
    run.log('one');
    run.log('two');
    run.metrics({ step: 1 });
    expect(await readFile(run.file('log.log'), 'utf8')).toBe('one\ntwo\n');
    expect(await readFile(run.file('metrics.jsonl'), 'utf8')).toBe('{"step":1}\n');
    await expect(RunFolder.create(run.path)).rejects.toThrow(UsageError);
    await rm(parent, { recursive: true });
  });
});
