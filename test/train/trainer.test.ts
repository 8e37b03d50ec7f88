import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { LxmertError, UsageError } from '../../src/common/errors.js';
import { Module, type Precision } from '../../src/model/index.js';
import type { EpochMetrics, TaskTraining } from '../../src/tasks/taskTraining.js';
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
import { EarlyStopping } from '../../src/train/callbacks/earlyStopping.js';
import type { StepMetrics } from '../../src/train/callbacks/trainerCallback.js';
import type { FlatParameters } from '../../src/train/optimizers/flatParameters.js';
import type { GpuGradientScale, Optimizer, OptimizerPlan } from '../../src/train/optimizers/optimizer.js';
import { RunFolder } from '../../src/train/runFolder.js';
import type { TrainingState } from '../../src/train/snapshots/trainingState.js';
import { Trainer } from '../../src/train/trainer.js';
import type { TrainerOptions } from '../../src/train/trainerOptions.js';

class Line extends Module {
  precision: Precision = 'float32';
  readonly weight = this.parameter('weight', tensor([0]));
}

const folder = await mkdtemp(path.join(tmpdir(), 'trainer-'));
afterAll(() => rm(folder, { recursive: true }));
let numFolders = 0;

interface Variation extends Partial<TrainerOptions<Tensor, Tensor>> {
  readonly onTask?: Partial<TaskTraining<Tensor, Tensor>>;
  /** With a run folder, whose snapshots are kept here. */
  readonly states?: TrainingState[];
}

/** Fits y = 2 x in epochs of 40 steps; the scores are given. */
async function setup(scores: number[], { onTask, states, settings, ...overrides }: Variation = {}) {
  manualSeed(1);
  const model = new Line();
  const { weight } = model;
  const saved: string[] = [];
  const epochs: EpochMetrics[] = [];
  const live: number[] = [];
  const loss = (x: Tensor): Tensor => {
    const error = ops.sub(ops.mul(x, weight), ops.mul(x, 2));
    return ops.mean(ops.mul(error, error));
  };
  const run = states && (overrides.run ?? (await RunFolder.create(path.join(folder, `${numFolders++}`))));
  const options: TrainerOptions<Tensor, Tensor> = {
    model,
    task: {
      name: 'line',
      numExamples: 320,
      data: {},
      answerTable: undefined,
      prepare: () => ops.rand([8]),
      place: (x: Tensor) => x,
      loss,
      evaluate: async () => {
        live.push(liveTensors());
        return { score: scores.shift() ?? 0 };
      },
      save: async (name) => {
        saved.push(name);
      },
      describeEpoch: ({ epoch }) => `Epoch ${epoch}.`,
      ...onTask,
    },
    settings: { batchSize: 8, numEpochs: 3, learningRate: 0.1, ...settings },
    ...(run && { run, snapshots: { everySteps: 1000, numKept: 2, resume: false } }),
    ...overrides,
    callbacks: [
      {
        onEpoch: (metrics) => void epochs.push(metrics),
        onSave: ({ what, state }) => void (what === 'snapshot' && states?.push(state)),
      },
      ...(overrides.callbacks ?? []),
    ],
  };
  return {
    options,
    train: () => new Trainer(options).train(),
    loss,
    saved,
    epochs,
    live,
    weight,
    end: () => model.dispose(),
  };
}

/** Aborts after some steps. */
function abortAfter(numSteps: number): Pick<TrainerOptions, 'signal' | 'progress'> {
  const abort = new AbortController();
  return { signal: abort.signal, progress: { update: (done) => void (done === numSteps && abort.abort()) } };
}

describe('Trainer', () => {
  it('lowers the loss, keeps the number of tensors, and saves BEST only when strictly better', async () => {
    const run = await setup([0.4, 0.4, 0.5]);
    const result = await run.train();
    expect(run.weight.item()).toBeGreaterThan(1);
    expect(run.epochs[2]!.meanLoss).toBeLessThan(run.epochs[0]!.meanLoss / 2);
    expect(run.saved).toEqual(['BEST', 'LAST', 'LAST', 'BEST', 'LAST']);
    expect(result).toMatchObject({ bestScore: 0.5, bestEpoch: 2, numSteps: 120, wasInterrupted: false });
    expect(run.live[2]).toBe(run.live[0]);
    run.end();
  });

  it('leaves the model to be used, and nothing else', async () => {
    const before = liveTensors();
    const run = await setup([1]);
    await run.train();
    expect(scope(() => run.loss(ops.ones([8])).item())).toBeLessThan(1);
    run.end();
    expect(liveTensors()).toBe(before);
  });

  it('never calls a score of 0 the best', async () => {
    const run = await setup([0, 0, 0]);
    await run.train();
    expect(run.saved).toEqual(['LAST', 'LAST', 'LAST']);
    run.end();
  });

  it('keeps the lowest of scores that are losses, among those that mean the same', async () => {
    const run = await setup([3, 2, 7, 6], {
      settings: { numEpochs: 4 },
      onTask: { better: 'lower', comparableFrom: (epoch) => (epoch >= 2 ? 2 : 0) },
    });
    const result = await run.train();
    expect(run.epochs.map(({ isBest }) => isBest)).toEqual([true, true, true, true]);
    expect(result).toMatchObject({ bestScore: 6, bestEpoch: 3 });
    run.end();
  });

  it('records what a loss is made of and what an evaluation found, through a resume', async () => {
    const parts = async (states: TrainingState[], overrides: Variation = {}) => {
      let loss: ((x: Tensor) => Tensor) | undefined;
      const run = await setup([], {
        ...overrides,
        states,
        onTask: {
          // The same number for a step however the run came there, so that the means can be compared.
          loss: (x) => ({ total: loss!(x), parts: { Ones: ops.ones([]), Twos: ops.full([], 2) } }),
          evaluate: async () => ({ score: 1, details: { Found: 5 } }),
        },
      });
      loss = run.loss;
      return run;
    };
    const whole = await parts([]);
    await whole.train();
    expect(whole.epochs[0]).toMatchObject({ meanLosses: { Ones: 1, Twos: 2 }, validation: { Found: 5 } });
    whole.end();
    const states: TrainingState[] = [];
    const stopped = await parts(states, abortAfter(30));
    await stopped.train();
    stopped.end();
    expect(states).toMatchObject([{ batch: 30, numEpochLosses: 30, epochLosses: { Ones: 30, Twos: 60 } }]);
    const { run } = stopped.options;
    const snapshots = { everySteps: 1000, numKept: 2, resume: true };
    const resumed = await parts([], { ...(run && { run }), snapshots });
    await resumed.train();
    expect(resumed.epochs.map(({ seconds: _, ...metrics }) => metrics)).toEqual(
      whole.epochs.map(({ seconds: _, ...metrics }) => metrics),
    );
    resumed.end();
  });

  it('finishes the step and saves LAST when interrupted', async () => {
    const run = await setup([0.1], abortAfter(7));
    const result = await run.train();
    expect(result.wasInterrupted).toBe(true);
    expect(result.numSteps).toBe(7);
    expect(run.saved).toEqual(['LAST']);
    run.end();
  });

  it('says how fast it goes, what it waits for, and how much memory it has', async () => {
    const details: string[] = [];
    const records: StepMetrics[] = [];
    const run = await setup([0.1], {
      settings: { numEpochs: 1 },
      progress: { update: (_done, _total, detail = '') => details.push(detail) },
      callbacks: [{ onRecord: (metrics) => void records.push(metrics) }],
    });
    const { steps } = await run.train();
    expect(details).toHaveLength(40);
    expect(details[9]).toMatch(/^loss [\d.e-]+, [\d.,]+ examples\/s, data wait \d+ %, \d+\.\d\d GiB$/);
    expect(records.map(({ step }) => step)).toEqual([20, 40]);
    expect(steps).toEqual(records);
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
  const randomState = (): string =>
    scope(() => Buffer.from(getRandomState().data() as Uint8Array).toString('hex'));

  /** A training whose sixth step fails. */
  const failing = async (fail: (weight: Tensor) => Tensor, overrides: Variation = {}) => {
    let numSteps = 0;
    let good: ((x: Tensor) => Tensor) | undefined;
    const run: Awaited<ReturnType<typeof setup>> = await setup([], {
      ...overrides,
      onTask: { loss: (x) => (numSteps++ === 5 ? fail(run.weight) : good!(x)), ...overrides.onTask },
    });
    good = run.loss;
    return run;
  };
  const failedRun = async (fail: (weight: Tensor) => Tensor) => {
    const states: TrainingState[] = [];
    const found: { random: string; gradient: Tensor | null }[] = [];
    let randomBefore = '';
    const run: Awaited<ReturnType<typeof setup>> = await failing(fail, {
      states,
      onTask: {
        prepare: () => {
          randomBefore = randomState();
          return ops.rand([8]);
        },
      },
      callbacks: [
        {
          onSave: ({ what }) => {
            if (what === 'snapshot') found.push({ random: randomState(), gradient: run.weight.grad });
          },
        },
      ],
    });
    const error: unknown = await run.train().catch((reason) => reason);
    const weight = run.weight.item();
    run.end();
    const [{ random, gradient } = { random: '', gradient: undefined }] = found;
    return { error, states, saved: run.saved, weight, gradient, hasSameRandom: random === randomBefore };
  };
  /** The weight after five whole steps. */
  const wholeSteps = async (): Promise<number> => {
    const run = await setup([], abortAfter(5));
    await run.train();
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
    const run = await failing((weight) => {
      noGrad(() => ops.fill_(weight, Number.NaN));
      return ops.sum(weight);
    });
    await expect(run.train()).rejects.toThrow('The weights are spoiled as well');
    expect(run.saved).toEqual([]);
    run.end();
  });

  it('says when the run could not be saved either', async () => {
    const run = await failing((weight) => ops.mul(ops.sum(weight), Number.NaN), {
      onTask: { save: () => Promise.reject(new LxmertError('The disk is full.')) },
    });
    await expect(run.train()).rejects.toThrow('Saving the run failed as well: The disk is full.');
    run.end();
  });

  it('in an evaluation: the run goes on with the evaluation', async () => {
    const states: TrainingState[] = [];
    const run = await setup([], {
      states,
      onTask: { evaluate: () => Promise.reject(new LxmertError('No such image.')) },
    });
    await expect(run.train()).rejects.toThrow('This was at the evaluation after epoch 0.');
    expect(states).toMatchObject([{ step: 40, epoch: 0, batch: 40 }]);
    run.end();
  });
});

describe('callbacks', () => {
  it('hear of the beginning, each step, each epoch, what is saved, and the end', async () => {
    const heard: string[] = [];
    const run = await setup([0.5], {
      states: [],
      settings: { numEpochs: 1 },
      callbacks: [
        {
          onBegin: ({ state, numBatches, numEpochs }) =>
            void heard.push(`begin ${state.step} ${numBatches} ${numEpochs}`),
          onStep: ({ step }) => void (step % 10 === 0 && heard.push(`step ${step}`)),
          onRecord: ({ step }) => void heard.push(`record ${step}`),
          onEpoch: ({ epoch, isBest }) => void heard.push(`epoch ${epoch} ${isBest}`),
          onSave: ({ what, state: { step } }) => void heard.push(`${what} ${step}`),
          onEnd: (result) => void heard.push(`end ${result?.numSteps}`),
        },
      ],
    });
    await run.train();
    run.end();
    expect(heard).toEqual([
      'begin 0 40 1',
      ...['step 10', 'step 20', 'record 20', 'step 30', 'step 40', 'record 40'],
      ...['BEST 40', 'LAST 40', 'epoch 0 true', 'snapshot 40', 'end 40'],
    ]);
  });

  it('hear of the end after a failure too', async () => {
    const ends: unknown[] = [];
    const run = await setup([], {
      onTask: { evaluate: () => Promise.reject(new LxmertError('No such image.')) },
      callbacks: [{ onEnd: (result) => void ends.push(result) }],
    });
    await expect(run.train()).rejects.toThrow('No such image.');
    run.end();
    expect(ends).toEqual([undefined]);
  });

  it('that fail end the training with what was trained saved', async () => {
    const states: TrainingState[] = [];
    const onStep = ({ step }: StepMetrics): void => {
      if (step === 7) throw new Error('a callback of my own');
    };
    const run = await setup([], { states, callbacks: [{ onStep }] });
    await expect(run.train()).rejects.toThrow('a callback of my own');
    expect(run.saved).toEqual(['LAST']);
    expect(states.map(({ step, batch }) => [step, batch])).toEqual([[7, 7]]);
    run.end();
  });

  it('can end the training after a step, which is no interruption, and the run goes on from there', async () => {
    const states: TrainingState[] = [];
    const run = await setup([], {
      states,
      callbacks: [{ onStep: ({ step }, { stop }) => void (step === 50 && stop()) }],
    });
    const result = await run.train();
    run.end();
    expect(result).toMatchObject({ numSteps: 50, wasInterrupted: false, wasStopped: true });
    expect(run.saved).toEqual(['LAST', 'LAST']);
    expect(states.at(-1)).toMatchObject({ step: 50, epoch: 1, batch: 10 });
  });

  it('can end it after an epoch, which saves nothing a second time', async () => {
    const run = await setup([0.1, 0.2, 0.3], {
      callbacks: [{ onEpoch: ({ epoch }, control) => void (epoch === 1 && control.stop()) }],
    });
    const result = await run.train();
    run.end();
    expect(result).toMatchObject({ numSteps: 80, wasInterrupted: false, wasStopped: true, bestEpoch: 1 });
    expect(run.saved).toEqual(['BEST', 'LAST', 'BEST', 'LAST']);
  });

  it('EarlyStopping ends it when the score has not risen for some epochs, through a resume', async () => {
    const scores = [0.5, 0.6, 0.6, 0.4, 0.9];
    const settings = { numEpochs: 5 };
    const whole = await setup([...scores], { settings, callbacks: [new EarlyStopping(2)] });
    expect(await whole.train()).toMatchObject({ wasStopped: true, numSteps: 160, bestEpoch: 1 });
    whole.end();

    const cut = await setup([...scores], { settings, states: [], ...abortAfter(130) });
    await cut.train();
    cut.end();
    const { run } = cut.options;
    const again = () =>
      setup(scores.slice(3), {
        settings,
        states: [],
        ...(run && { run }),
        snapshots: { everySteps: 1000, numKept: 2, resume: true },
        callbacks: [new EarlyStopping(2)],
      });
    const resumed = await again();
    expect(await resumed.train()).toMatchObject({ wasStopped: true, numSteps: 160, bestEpoch: 1 });
    resumed.end();
    // Once more changes nothing.
    const twice = await again();
    expect(await twice.train()).toMatchObject({ wasStopped: true, numSteps: 160 });
    expect(twice.saved).toEqual([]);
    twice.end();
  });
});

it.each([
  ['bertadam', 'linear'],
  ['adamw', 'cosine'],
  ['adamw', 'constant'],
] as const)(
  '%s with a %s schedule goes on after an interruption to the same bits',
  async (optimizer, schedule) => {
    const settings = { optimizer, schedule, weightDecay: 0.1 };
    const whole = await setup([], { states: [], settings });
    await whole.train();
    const weight = whole.weight.item();
    whole.end();
    const cut = await setup([], { states: [], settings, ...abortAfter(70) });
    await cut.train();
    expect(cut.weight.item()).not.toBe(weight);
    cut.end();
    const { run } = cut.options;
    const snapshots = { everySteps: 1000, numKept: 2, resume: true };
    const resumed = await setup([], { states: [], settings, ...(run && { run }), snapshots });
    await resumed.train();
    expect(resumed.weight.item()).toBe(weight);
    resumed.end();
  },
);

describe('an optimizer and a schedule of a user', () => {
  /** Plain gradient descent, by the interface alone. */
  class Descent implements Optimizer {
    readonly name = 'descent';
    #step = 0;

    constructor(
      readonly parameters: FlatParameters,
      private readonly plan: OptimizerPlan,
    ) {}

    step(scale: number | GpuGradientScale = 1): void {
      if (typeof scale !== 'number') throw new TypeError('CPU only');
      const rate = this.learningRateAt(this.#step++);
      noGrad(() =>
        scope(() => {
          for (const { values, gradients } of this.parameters.groups) {
            ops.add_(values, gradients, -rate * scale);
          }
        }),
      );
      this.parameters.zeroGrad();
    }

    learningRateAt(step: number): number {
      const { learningRate, schedule, totalSteps } = this.plan;
      return learningRate * schedule.factorAt(step, totalSteps);
    }

    get steps() {
      return { weight: this.#step };
    }

    set steps({ weight = 0 }) {
      this.#step = weight;
    }

    readonly moments = [];
    join(): void {}

    state() {
      return { tensors: new Map<string, Tensor>(), steps: this.steps };
    }

    restore(_tensors: unknown, { weight = 0 }: Readonly<Record<string, number>>): void {
      this.#step = weight;
    }

    [Symbol.dispose](): void {}
  }

  it('train as they say, are named in config.json, and go on after an interruption as if there was none', async () => {
    const own = {
      optimizer: (parameters: FlatParameters, plan: OptimizerPlan) => new Descent(parameters, plan),
      schedule: { name: 'halves', factorAt: (step: number) => (step < 60 ? 1 : 0.5) },
      settings: { learningRate: 0.05 },
    };
    const whole = await setup([], { ...own, states: [] });
    const { steps } = await whole.train();
    const weight = whole.weight.item();
    expect(steps.map(({ learningRate }) => learningRate)).toEqual([0.05, 0.05, 0.05, 0.025, 0.025, 0.025]);
    expect(await whole.options.run!.readJson('config.json')).toMatchObject({
      task: 'line',
      settings: { optimizer: 'descent', schedule: 'halves', weightDecay: 0.01, learningRate: 0.05 },
    });
    whole.end();

    const cut = await setup([], { ...own, states: [], ...abortAfter(70) });
    await cut.train();
    cut.end();
    const { run } = cut.options;
    const snapshots = { everySteps: 1000, numKept: 2, resume: true };
    const resumed = await setup([], { ...own, states: [], ...(run && { run }), snapshots });
    expect((await resumed.train()).numSteps).toBe(120);
    expect(resumed.weight.item()).toBe(weight);
    resumed.end();

    const other = await setup([], { states: [], ...(run && { run }), snapshots, settings: own.settings });
    await expect(other.train()).rejects.toThrow('optimizer = descent, but now it is bertadam');
    other.end();
  });
});

it('a training with snapshots or several processes needs a run folder', async () => {
  const run = await setup([]);
  const snapshots = { everySteps: 1, numKept: 1, resume: false };
  expect(() => new Trainer({ ...run.options, snapshots })).toThrow('needs a run folder');
  expect(() => new Trainer({ ...run.options, settings: { batchSize: 9, accumulationSteps: 2 } })).toThrow(
    'Use a --batch-size of 8 or 10.',
  );
  run.end();
});

it('a training with fewer examples than a batch is refused, since it would take no step', async () => {
  const run = await setup([0.5], { onTask: { numExamples: 7 } });
  expect(() => new Trainer(run.options)).toThrow(
    'There are 7 training examples, fewer than a batch of 8, and an incomplete batch is left out',
  );
  run.end();
});

it('a setting that is undefined is the default, and does not hide it', async () => {
  const run = await setup([0.5]);
  const settings: object = { batchSize: 8, numEpochs: 1, learningRate: undefined, optimizer: undefined };
  const { steps } = await new Trainer({ ...run.options, settings }).train();
  expect(steps.map(({ learningRate }) => learningRate).every((rate) => rate > 0 && rate <= 5e-5)).toBe(true);
  run.end();
});

it('EarlyStopping refuses a patience that would stop at once, or never', () => {
  for (const patience of [0, -1, Number.NaN]) expect(() => new EarlyStopping(patience)).toThrow(UsageError);
});
