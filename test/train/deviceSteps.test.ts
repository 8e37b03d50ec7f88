import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LxmertError } from '../../src/common/errors.js';
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
import { BertAdam } from '../../src/train/bertAdam.js';
import { FlatParameters } from '../../src/train/flatParameters.js';
import { LossScale } from '../../src/train/lossScale.js';
import { Snapshots } from '../../src/train/snapshots.js';
import { runTraining, type StepMetrics, type TrainingOptions } from '../../src/train/trainingLoop.js';
import type { TrainingState } from '../../src/train/trainingState.js';
import { gpuDevices } from '../support/devices.js';
import { resetCounts, synchronizations } from '../support/practiceDevice.js';
import { needing } from '../support/skips.js';

const NUM_ANSWERS = 5;
const NUM_BATCHES = 12;
const BATCH_SIZE = 4;

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
  readonly numParts?: number;
  readonly overrides?: Partial<TrainingOptions<Batch, Placed>>;
  readonly snapshots?: Snapshots;
}

interface Placed {
  readonly inputs: ReturnType<QuestionAnsweringModel['encoder']['place']>;
  readonly targets: Tensor;
}

/** Trains a tiny model; what it gives can be compared between devices. */
async function train(device: Device, variation: Variation = {}) {
  const {
    precision = 'float32',
    useGraphs = false,
    rowUnit = 1,
    spoil,
    numParts = 1,
    overrides = {},
  } = variation;
  manualSeed(3);
  const model = questionAnsweringModel(config, NUM_ANSWERS);
  model.precision = precision;
  const flat = FlatParameters.of(model, precision, device);
  const optimizer = new BertAdam(flat, { learningRate: 1e-3, totalSteps: 2 * NUM_BATCHES });
  const lossScale = precision === 'float16' ? new LossScale(device) : undefined;
  const found = { model, parameters: flat, optimizer, lossScale };
  const start = await variation.snapshots?.restore(found, () => undefined);
  const steps: StepMetrics[] = [];
  const skipped: number[] = [];
  const losses: number[] = [];
  try {
    const result = await runTraining<Batch, Placed>({
      task: {
        numBatches: NUM_BATCHES,
        batchSize: BATCH_SIZE,
        numParts,
        startEpoch: () => undefined,
        prepare: (batch) => batchOf(batch),
        place: ({ inputs, targets }, _whole) => ({
          inputs: model.encoder.place(inputs, { rowUnit }),
          targets: place(targets, device),
        }),
        loss: (placed) => {
          const logits = model.forwardPlaced(placed.inputs, { training: true }).logits.answer;
          return softAnswerLoss(logits, placed.targets);
        },
        evaluate: async () => 0,
        ...(spoil !== undefined && {
          prepare: (batch: number) => {
            const made = batchOf(batch);
            return spoil(batch) ? { ...made, targets: ops.mul(made.targets, Number.NaN) } : made;
          },
        }),
      },
      optimizer,
      numEpochs: 1,
      clipNorm: 1,
      useGraphs,
      lossScale,
      start,
      save: async () => undefined,
      onStep: (metrics) => steps.push(metrics),
      onEpoch: ({ meanLoss }) => losses.push(meanLoss),
      onSkipped: (step) => skipped.push(step),
      snapshot: variation.snapshots && ((state) => variation.snapshots!.save(found, state)),
      ...overrides,
    });
    const weights = Buffer.concat(
      flat.groups.map(({ values }) => Buffer.from(values.toFloat32Array().buffer)),
    );
    return { result, steps, losses, skipped, weights: new Float32Array(Uint8Array.from(weights).buffer) };
  } finally {
    optimizer[Symbol.dispose]();
    lossScale?.[Symbol.dispose]();
    flat[Symbol.dispose]();
    model.dispose();
  }
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] ?? 0))), 0);
}

describe.each(gpuDevices)('steps on %s', (device) => {
  let host: Awaited<ReturnType<typeof train>>;
  beforeAll(async () => {
    host = await train('cpu');
  });

  it('train the weights that the processor trains', async () => {
    const card = await train(device);
    expect(card.losses[0]).toBeCloseTo(host.losses[0]!, 4);
    expect(largestDifference(card.weights, host.weights)).toBeLessThan(2e-5);
    expect(card.result.numSteps).toBe(NUM_BATCHES);
  });

  it('do so with rows that belong to no sentence, with graphs, and in parts', async () => {
    const filled = await train(device, { rowUnit: 16 });
    expect(largestDifference(filled.weights, host.weights)).toBeLessThan(2e-5);
    const graphs = await train(device, { rowUnit: 16, useGraphs: true });
    expect(largestDifference(graphs.weights, host.weights)).toBeLessThan(2e-5);
    const [hostParts, cardParts] = [
      await train('cpu', { numParts: 2 }),
      await train(device, { numParts: 2 }),
    ];
    expect(largestDifference(cardParts.weights, hostParts.weights)).toBeLessThan(2e-5);
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
    const card = await train(device, { precision: 'bfloat16' });
    expect(Math.abs(card.losses[0]! / host.losses[0]! - 1)).toBeLessThan(0.02);
  });

  needing('libtorch 2').it('in float16 scale the loss, and leave out steps that overflow', async () => {
    const card = await train(device, { precision: 'float16' });
    expect(Math.abs(card.losses[0]! / host.losses[0]! - 1)).toBeLessThan(0.02);
    // 65,536 times this loss is more than float16 holds somewhere in the backward pass, or it is not.
    const numSkipped = card.skipped.length;
    expect(card.skipped).toEqual(Array.from({ length: numSkipped }, (_, step) => step));
    expect(numSkipped).toBeLessThan(NUM_BATCHES);
    const last = card.steps.at(-1)!;
    expect(last.lossScale).toBe(65536 / 2 ** numSkipped);
  });

  it('stop at a loss that is not finite, with the weights and the place of before', async () => {
    const states: TrainingState[] = [];
    const run = train(device, {
      spoil: (batch) => batch === 4,
      overrides: {
        snapshot: async (state) => {
          states.push(state);
        },
      },
    });
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
      overrides: {
        progress: { update: (numDone) => found.push(numDone) },
        snapshot: async (state) => {
          states.push(state);
        },
      },
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
      overrides: {
        snapshot: async (state) => {
          states.push(state);
        },
      },
    });
    await expect(run).rejects.toThrow(/The loss became NaN.*step 4 \(epoch 0, batch 4\)/s);
    expect(states).toMatchObject([{ step: 4, batch: 4 }]);
  });

  needing('libtorch 2').describe('with snapshots', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'lxmert-device-steps-'));
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    it.each(['float32', 'float16'] as const)('go on in %s where they were', async (precision) => {
      const whole = await train(device, { precision });
      const snapshots = new Snapshots(path.join(folder, precision), 2);
      const abort = new AbortController();
      let numDone = 0;
      const progress = { update: () => void (++numDone === 5 && abort.abort()) };
      const first = await train(device, {
        precision,
        snapshots,
        overrides: { signal: abort.signal, progress },
      });
      expect(first.result.wasInterrupted).toBe(true);
      expect(first.result.numSteps).toBeGreaterThanOrEqual(5);
      const second = await train(device, { precision, snapshots });
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
