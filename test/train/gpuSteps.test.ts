import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LxmertError } from '../../src/common/errors.js';
import { EpochSampler } from '../../src/data/epochSampler.js';
import {
  type LxmertInputs,
  lxmertConfig,
  type Precision,
  type QuestionAnsweringModel,
  questionAnsweringModel,
} from '../../src/model/index.js';
import { softAnswerLoss } from '../../src/tasks/losses.js';
import { type Device, manualSeed, place, scope, type Tensor, tensor } from '../../src/torch/index.js';
import * as ops from '../../src/torch/operators/index.js';
import { LossScale } from '../../src/train/gpu/lossScale.js';
import { type LearningRateSchedule, linearSchedule } from '../../src/train/learningRateSchedule.js';
import { RunFolder } from '../../src/train/runFolder.js';
import type { TrainingState } from '../../src/train/snapshots/trainingState.js';
import { Trainer } from '../../src/train/trainer.js';
import type { TrainerOptions } from '../../src/train/trainerOptions.js';
import { gpuDevices } from '../support/devices.js';
import { resetCounts, synchronizations } from '../support/practiceDevice.js';
import { needing } from '../support/skips.js';

const NUM_ANSWERS = 5;
const NUM_BATCHES = 12;
const BATCH_SIZE = 4;
const SEED = 3;

interface Batch {
  readonly inputs: LxmertInputs;
  readonly targets: Tensor;
}

const config = lxmertConfig({
  vocabSize: 40,
  hiddenSize: 16,
  numAttentionHeads: 2,
  intermediateSize: 32,
  numLanguageLayers: 1,
  numVisionLayers: 1,
  numCrossLayers: 2,
  maxPositionEmbeddings: 12,
  visualFeatureSize: 7,
  hiddenDropout: 0,
  attentionDropout: 0,
  initializerRange: 0.1,
});

/** Batches of sentences of 3 to 9 pieces, the same for the same number. */
function batchOf(number: number): Batch {
  let state = 1 + 7919 * number;
  const next = (below: number): number => {
    state = (state * 48271) % 2147483647;
    return state % below;
  };
  const width = 9;
  const ids = new Int32Array(BATCH_SIZE * width);
  const mask = new Int32Array(BATCH_SIZE * width);
  for (let row = 0; row < BATCH_SIZE; row++) {
    const length = 3 + next(7);
    for (let i = 0; i < length; i++) ids[row * width + i] = 1 + next(config.vocabSize - 1);
    mask.fill(1, row * width, row * width + length);
  }
  const floats = (count: number): Float32Array =>
    Float32Array.from({ length: count }, () => next(1000) / 1000);
  const shape = [BATCH_SIZE, width];
  return {
    inputs: {
      inputIds: tensor(ids, shape),
      tokenTypeIds: tensor(new Int32Array(BATCH_SIZE * width), shape),
      attentionMask: tensor(mask, shape),
      features: tensor(floats(BATCH_SIZE * 6 * config.visualFeatureSize), [
        BATCH_SIZE,
        6,
        config.visualFeatureSize,
      ]),
      boxes: tensor(floats(BATCH_SIZE * 6 * 4), [BATCH_SIZE, 6, 4]),
    },
    targets: tensor(floats(BATCH_SIZE * NUM_ANSWERS), [BATCH_SIZE, NUM_ANSWERS]),
  };
}

interface Variation {
  readonly precision?: Precision;
  readonly useGraphs?: boolean;
  readonly rowUnit?: number;
  readonly spoil?: (batch: number) => boolean;
  readonly accumulationSteps?: number;
  readonly overrides?: Partial<TrainerOptions<Batch, Placed>>;
  /** Keeps the states of the snapshots. */
  readonly states?: TrainingState[];
}

interface Placed {
  readonly inputs: ReturnType<QuestionAnsweringModel['encoder']['place']>;
  readonly targets: Tensor;
}

const folder = mkdtempSync(path.join(tmpdir(), 'lxmert-gpu-steps-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let numFolders = 0;
const newRun = (): Promise<RunFolder> => RunFolder.create(path.join(folder, `${numFolders++}`));

/** Trains a tiny model; what it gives can be compared between devices. */
async function train(device: Device, variation: Variation = {}) {
  const { precision = 'float32', useGraphs = false, rowUnit = 1, spoil, overrides = {} } = variation;
  const { accumulationSteps = 1, states } = variation;
  manualSeed(3);
  const model = questionAnsweringModel(config, NUM_ANSWERS);
  const skipped: number[] = [];
  const numExamples = NUM_BATCHES * BATCH_SIZE;
  const order = new EpochSampler(numExamples, BATCH_SIZE, SEED).epoch(0);
  /** Any example of a batch stands for the batch as a whole. */
  const batchWith = (example = 0): number => order.findIndex((batch) => batch.includes(example));
  const run = states && !overrides.run ? await newRun() : undefined;
  try {
    const trainer = new Trainer<Batch, Placed>({
      model,
      task: {
        name: 'tiny',
        numExamples,
        data: {},
        answerTable: undefined,
        prepare: ([example]) => {
          const batch = batchWith(example);
          const made = batchOf(batch);
          return spoil?.(batch) === true ? { ...made, targets: ops.mul(made.targets, Number.NaN) } : made;
        },
        place: ({ inputs, targets }, _whole) => ({
          inputs: model.encoder.place(inputs, { rowUnit }),
          targets: place(targets, device),
        }),
        loss: (placed) => {
          const logits = model.forwardPlaced(placed.inputs, { training: true }).logits.answer;
          return softAnswerLoss(logits, placed.targets);
        },
        evaluate: async () => ({ score: 0 }),
        save: async () => undefined,
        describeEpoch: () => 'An epoch.',
      },
      settings: {
        batchSize: BATCH_SIZE,
        accumulationSteps,
        numEpochs: 1,
        learningRate: 1e-3,
        clipNorm: 1,
        seed: SEED,
        precision,
      },
      schedule: halfOf(linearSchedule()),
      device: { device, useGraphs, allowTf32: false },
      ...(run && { run, snapshots: { everySteps: 1000, numKept: 2, resume: false } }),
      ...overrides,
      callbacks: [
        {
          onSkippedStep: (step) => void skipped.push(step),
          onSave: ({ what, state }) => void (what === 'snapshot' && states?.push(state)),
        },
      ],
    });
    const result = await trainer.train();
    const values = [...model.leaves().values()].map(({ tensor: leaf }) =>
      Buffer.from(leaf.toFloat32Array().buffer),
    );
    return {
      result,
      steps: result.steps,
      losses: result.epochs.map(({ meanLoss }) => meanLoss),
      skipped,
      weights: new Float32Array(Uint8Array.from(Buffer.concat(values)).buffer),
    };
  } finally {
    model.dispose();
  }
}

/** A schedule whose run is as long again. */
function halfOf(whole: LearningRateSchedule): LearningRateSchedule {
  return { name: whole.name, factorAt: (step, totalSteps) => whole.factorAt(step, 2 * totalSteps) };
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] ?? 0))), 0);
}

describe.each(gpuDevices)('steps on %s', (device) => {
  let cpu: Awaited<ReturnType<typeof train>>;
  beforeAll(async () => {
    cpu = await train('cpu');
  });

  it('train the weights that the CPU trains', async () => {
    const gpu = await train(device);
    expect(gpu.losses[0]).toBeCloseTo(cpu.losses[0]!, 4);
    expect(largestDifference(gpu.weights, cpu.weights)).toBeLessThan(2e-5);
    expect(gpu.result.numSteps).toBe(NUM_BATCHES);
  });

  it('do so with rows that belong to no sentence, with graphs, and in parts', async () => {
    const filled = await train(device, { rowUnit: 16 });
    expect(largestDifference(filled.weights, cpu.weights)).toBeLessThan(2e-5);
    const graphs = await train(device, { rowUnit: 16, useGraphs: true });
    expect(largestDifference(graphs.weights, cpu.weights)).toBeLessThan(2e-5);
    const [cpuParts, gpuParts] = [
      await train('cpu', { accumulationSteps: 2 }),
      await train(device, { accumulationSteps: 2 }),
    ];
    expect(largestDifference(gpuParts.weights, cpuParts.weights)).toBeLessThan(2e-5);
  });

  const onPractice = device.startsWith('privateuseone') ? needing('libtorch 2') : undefined;
  onPractice?.it('never wait for the device within a step', async () => {
    resetCounts();
    const stepsOf = async (numBatches: number): Promise<number> => {
      const before = synchronizations();
      const abort = new AbortController();
      let numDone = 0;
      await train(device, {
        overrides: {
          signal: abort.signal,
          progress: { update: () => void (++numDone === numBatches && abort.abort()) },
        },
      });
      return synchronizations() - before;
    };
    // What is read at the end is the same however many steps there were; of a step only its numbers are read, later.
    const [few, many] = [await stepsOf(3), await stepsOf(9)];
    const perStep = (many - few) / 6;
    expect(perStep).toBeLessThanOrEqual(1);
  });

  it('in bfloat16 come close to float32', async () => {
    const gpu = await train(device, { precision: 'bfloat16' });
    expect(Math.abs(gpu.losses[0]! / cpu.losses[0]! - 1)).toBeLessThan(0.02);
  });

  needing('libtorch 2').it('in float16 scale the loss, and leave out steps that overflow', async () => {
    const gpu = await train(device, { precision: 'float16' });
    expect(Math.abs(gpu.losses[0]! / cpu.losses[0]! - 1)).toBeLessThan(0.02);
    // 65,536 times this loss is more than float16 holds somewhere in the backward pass, or it is not.
    const numSkipped = gpu.skipped.length;
    expect(gpu.skipped).toEqual(Array.from({ length: numSkipped }, (_, step) => step));
    expect(numSkipped).toBeLessThan(NUM_BATCHES);
    const last = gpu.steps.at(-1)!;
    expect(last.lossScale).toBe(65536 / 2 ** numSkipped);
  });

  it('stop at a loss that is not finite, with the weights and the place of before', async () => {
    const states: TrainingState[] = [];
    const run = train(device, { spoil: (batch) => batch === 4, states });
    await expect(run).rejects.toThrow(/The loss became NaN.*step 4 \(epoch 0, batch 4\)/s);
    expect(states).toMatchObject([{ step: 4, batch: 4, epoch: 0 }]);
  });

  it('tell a batch that cannot be made by its own step, after the steps before it are known', async () => {
    const states: TrainingState[] = [];
    const found: number[] = [];
    const run = train(device, {
      spoil: (batch) => {
        if (batch === 5) throw new LxmertError('The features of batch 5 are gone.');
        return false;
      },
      states,
      overrides: { progress: { update: (numDone) => void found.push(numDone) } },
    });
    await expect(run).rejects.toThrow(/batch 5 are gone\. This was at step 5 \(epoch 0, batch 5\)/);
    expect(found).toEqual([1, 2, 3, 4, 5]);
    expect(states).toMatchObject([{ step: 5, batch: 5 }]);
    expect(states[0]!.epochLoss).toBeGreaterThan(0);
  });

  it('tell a step that was not finite, not the one that failed while nobody had heard of it', async () => {
    const states: TrainingState[] = [];
    const run = train(device, {
      spoil: (batch) => {
        if (batch === 5) throw new LxmertError('The features of batch 5 are gone.');
        return batch === 4;
      },
      states,
    });
    await expect(run).rejects.toThrow(/The loss became NaN.*step 4 \(epoch 0, batch 4\)/s);
    expect(states).toMatchObject([{ step: 4, batch: 4 }]);
  });

  needing('libtorch 2').describe('with snapshots', () => {
    it.each(['float32', 'float16'] as const)('go on in %s where they were', async (precision) => {
      const whole = await train(device, { precision });
      const kept = {
        run: await newRun(),
        snapshots: { everySteps: 1000, numKept: 2, resume: false },
      };
      const abort = new AbortController();
      let numDone = 0;
      const progress = { update: () => void (++numDone === 5 && abort.abort()) };
      const first = await train(device, {
        precision,
        overrides: { ...kept, signal: abort.signal, progress },
      });
      expect(first.result.wasInterrupted).toBe(true);
      expect(first.result.numSteps).toBeGreaterThanOrEqual(5);
      const second = await train(device, {
        precision,
        overrides: { ...kept, snapshots: { ...kept.snapshots, resume: true } },
      });
      expect(Buffer.from(second.weights.buffer).equals(Buffer.from(whole.weights.buffer))).toBe(true);
    });
  });
});

describe('the loss scale', () => {
  needing('libtorch 2').it.each(gpuDevices)(
    'halves after an overflow and comes back from its state, on %s',
    (device) => {
      scope(() => {
        using scale = new LossScale(device);
        scale.update(place(tensor([1], []), device));
        expect(scale.state()).toEqual({ scale: 32768, numSteps: 0 });
        scale.update(place(tensor([0], []), device));
        expect(scale.state()).toEqual({ scale: 32768, numSteps: 1 });
        using other = new LossScale(device);
        other.restore({ scale: 32768, numSteps: 1999 });
        other.update(place(tensor([0], []), device));
        expect(other.state()).toEqual({ scale: 65536, numSteps: 0 });
      });
    },
  );
});
