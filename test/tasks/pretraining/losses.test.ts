import { describe, expect, it } from 'vitest';
import { lxmertConfig, PretrainingModel } from '../../../src/model/index.js';
import {
  DEFAULT_LOSSES,
  LOSS_KEYS,
  type LossSettings,
  lossDenominators,
  type PretrainingBatch,
} from '../../../src/tasks/pretraining/labels.js';
import { placedLosses, pretrainingLosses } from '../../../src/tasks/pretraining/losses.js';
import { placePretrainingBatch } from '../../../src/tasks/pretraining/placedBatch.js';
import { manualSeed, noGrad, scope, type Tensor, tensor } from '../../../src/torch/index.js';
import * as ops from '../../../src/torch/operators/index.js';
import { FlatParameters } from '../../../src/train/optimizers/flatParameters.js';
import { testDevices } from '../../support/devices.js';
import { maxDifference, normOf } from '../../support/golden.js';

const [numWords, numRegions, featureSize] = [5, 3, 6];

function newModel(): PretrainingModel {
  manualSeed(4);
  const config = lxmertConfig({
    vocabSize: 30,
    hiddenSize: 16,
    numAttentionHeads: 2,
    intermediateSize: 24,
    numLanguageLayers: 1,
    numVisionLayers: 1,
    numCrossLayers: 1,
    maxPositionEmbeddings: 20,
    visualFeatureSize: featureSize,
    hiddenDropout: 0,
    attentionDropout: 0,
    initializerRange: 0.3,
  });
  return new PretrainingModel(config, { numObjects: 5, numAttributes: 4, numAnswers: 3 });
}

interface Example {
  readonly words: readonly number[];
  readonly isMatched: boolean;
  readonly mask: readonly number[];
  readonly answer: number;
}

const FOUR: readonly Example[] = [
  { words: [-1, 7, -1, 9, -1], isMatched: true, mask: [1, 0, 0], answer: 2 },
  { words: [-1, -1, 4, -1, -1], isMatched: false, mask: [0, 1, 1], answer: -1 },
  { words: [-1, -1, -1, -1, -1], isMatched: true, mask: [0, 0, 0], answer: 0 },
  { words: [-1, 3, 12, 5, -1], isMatched: true, mask: [0, 0, 1], answer: -1 },
];

/** Rows of one fixed random batch with these labels. */
function batchOf(examples: readonly Example[], first = 0): PretrainingBatch {
  manualSeed(7);
  const rows = (whole: Tensor): Tensor => ops.contiguous(ops.narrow(whole, 0, first, examples.length));
  const [ids, features, boxes] = [
    rows(ops.to(ops.randint(1, 30, [4, numWords]), 'int32')),
    rows(ops.randn([4, numRegions, featureSize])),
    rows(ops.rand([4, numRegions, 4])),
  ];
  const shape = [examples.length, numWords];
  const mask = Uint8Array.from(examples.flatMap((example) => example.mask));
  return {
    inputs: {
      inputIds: ids,
      tokenTypeIds: ops.zeros(shape, { dtype: 'int32' }),
      attentionMask: ops.ones(shape, { dtype: 'int32' }),
      features,
      boxes,
    },
    labels: {
      words: Int32Array.from(examples.flatMap((example) => example.words)),
      isMatched: Uint8Array.from(examples, ({ isMatched }) => Number(isMatched)),
      isRegion: new Uint8Array(mask.length).fill(1),
      regionMask: mask,
      objects: rows(ops.randint(0, 5, [4, numRegions])),
      objectConfidences: rows(ops.rand([4, numRegions])),
      attributes: rows(ops.randint(0, 4, [4, numRegions])),
      attributeConfidences: rows(ops.rand([4, numRegions])),
      features,
      answers: Int32Array.from(examples, ({ answer }) => answer),
    },
  };
}

const values = (model: PretrainingModel, batch: PretrainingBatch, settings: LossSettings) =>
  noGrad(() => {
    const { total, losses } = pretrainingLosses(model, batch, settings);
    return {
      total: total.item(),
      ...Object.fromEntries(Object.entries(losses).map(([key, loss]) => [key, loss.item()])),
    } as Record<string, number>;
  });

describe('pretrainingLosses', () => {
  it('of two halves with the whole batch in mind add up to the whole: losses and gradients', () => {
    using model = newModel();
    const gradientsOf = (run: () => void): Map<string, Float32Array> => {
      run();
      const gradients = new Map<string, Float32Array>();
      for (const [name, gradient] of model.namedGradients()) {
        gradients.set(name, gradient!.toFloat32Array());
        gradient!.dispose();
      }
      for (const { tensor: leaf } of model.leaves().values()) leaf.grad = null;
      return gradients;
    };
    const sum: Record<string, number> = {};
    let expected: Record<string, number> = {};
    const whole = gradientsOf(() =>
      scope(() => {
        const batch = batchOf(FOUR);
        expected = values(model, batch, DEFAULT_LOSSES);
        pretrainingLosses(model, batch, DEFAULT_LOSSES).total.backward();
      }),
    );
    const halves = gradientsOf(() => {
      for (const first of [0, 2]) {
        scope(() => {
          const denominators = lossDenominators(batchOf(FOUR).labels, DEFAULT_LOSSES);
          const half = batchOf(FOUR.slice(first, first + 2), first);
          const { total, losses } = pretrainingLosses(model, half, DEFAULT_LOSSES, { denominators });
          for (const [key, loss] of Object.entries({ total, ...losses })) {
            sum[key] = (sum[key] ?? 0) + loss.item();
          }
          total.backward();
        });
      }
    });
    for (const [key, value] of Object.entries(expected)) expect(sum[key], key).toBeCloseTo(value, 5);
    for (const [name, gradient] of whole) {
      expect(maxDifference(halves.get(name)!, gradient), name).toBeLessThan(1e-5 * (1 + normOf(gradient)));
    }
  });

  it('are 0 where there is nothing to predict, with gradients of 0', () => {
    using model = newModel();
    const none: Example = { words: [-1, -1, -1, -1, -1], isMatched: false, mask: [0, 0, 0], answer: -1 };
    scope(() => {
      const { total, losses } = pretrainingLosses(model, batchOf([none, none]), {
        ...DEFAULT_LOSSES,
        onlyMaskedRegions: true,
      });
      for (const key of LOSS_KEYS) {
        if (key === 'matching') expect(losses[key]!.item()).toBeGreaterThan(0);
        else expect(losses[key]!.item(), key).toBe(0);
      }
      total.backward();
      for (const [name, gradient] of model.namedGradients()) {
        expect(gradient, name).not.toBeNull();
        if (/^(cls\.predictions|obj_predict_head|answer_head)\./.test(name)) {
          expect(normOf(gradient!.toFloat32Array()), name).toBe(0);
        }
        gradient?.dispose();
      }
      for (const { tensor: leaf } of model.leaves().values()) leaf.grad = null;
    });
  });

  it('with weight 0 are not computed, and others count as they weigh', () => {
    using model = newModel();
    scope(() => {
      const weights = { ...DEFAULT_LOSSES.weights, answers: 0, words: 0.5 };
      const weighted = values(model, batchOf(FOUR), { ...DEFAULT_LOSSES, weights });
      const all = values(model, batchOf(FOUR), DEFAULT_LOSSES);
      expect(weighted.answers).toBeUndefined();
      expect(weighted.words).toBeCloseTo(all.words!, 6);
      expect(weighted.total).toBeCloseTo(all.total! - all.answers! - 0.5 * all.words!, 4);
    });
  });

  it('can be of masked regions only, and of matched sentences only', () => {
    using model = newModel();
    scope(() => {
      const masked = values(model, batchOf(FOUR), { ...DEFAULT_LOSSES, onlyMaskedRegions: true });
      const all = values(model, batchOf(FOUR), DEFAULT_LOSSES);
      expect(masked.features).toBeCloseTo(all.features!, 6);
      // Without confidence in the others, all regions and masked regions are the same.
      const batch = batchOf(FOUR);
      const mask = tensor(Float32Array.from(batch.labels.regionMask), [4, numRegions]);
      const sure = {
        ...batch,
        labels: {
          ...batch.labels,
          objectConfidences: ops.mul(batch.labels.objectConfidences, mask),
          attributeConfidences: ops.mul(batch.labels.attributeConfidences, mask),
        },
      };
      const onlySure = values(model, sure, DEFAULT_LOSSES);
      expect(masked.objects).toBeCloseTo(onlySure.objects!, 5);
      expect(masked.attributes).toBeCloseTo(onlySure.attributes!, 5);
      expect(masked.objects).toBeLessThan(all.objects!);

      const matched = values(model, batchOf(FOUR), { ...DEFAULT_LOSSES, onlyMatchedWords: true });
      const without = batchOf(
        FOUR.map((example) => (example.isMatched ? example : { ...example, words: [-1, -1, -1, -1, -1] })),
      );
      expect(matched.words).toBeCloseTo(values(model, without, DEFAULT_LOSSES).words!, 6);
      expect(matched.words).not.toBeCloseTo(all.words!, 4);
    });
  });
});

it('word embeddings keep nothing of the decoder when they are next used alone', () => {
  using model = newModel();
  const wordsOff = { ...DEFAULT_LOSSES, weights: { ...DEFAULT_LOSSES.weights, words: 0 } };
  const gradient = (): Float32Array =>
    scope(() => {
      pretrainingLosses(model, batchOf(FOUR), wordsOff).total.backward();
      return model.encoder.embeddings.word.weight.grad!.toFloat32Array();
    });
  const zero = (): void => {
    for (const { tensor: leaf } of model.leaves().values()) leaf.grad = null;
  };
  const expected = gradient();
  zero();
  using flat = FlatParameters.of(model);
  scope(() => pretrainingLosses(model, batchOf(FOUR), DEFAULT_LOSSES).total.backward());
  zero();
  expect(maxDifference(gradient(), expected)).toBeLessThan(1e-6);
  flat.zeroGrad();
});

describe.each(testDevices)('a batch with rows that stand for nothing, on %s', (device) => {
  it('has the losses and gradients of the batch without', () => {
    using model = newModel().moveTo(device);
    const gradientsWith = (rowUnit: number): { losses: number[]; gradients: Map<string, Float32Array> } =>
      scope(() => {
        const batch = batchOf(FOUR);
        // The third sentence is shorter: without padding there are 18 rows.
        const attentionMask = tensor(
          [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1],
          [4, 5],
          'int32',
        );
        const short = { ...batch, inputs: { ...batch.inputs, attentionMask } };
        const placed = placePretrainingBatch(model, short, DEFAULT_LOSSES, { rowUnit });
        if (rowUnit > 1) expect(placed.inputs.sentences.packing.numRows % rowUnit).toBe(0);
        const { total, losses } = placedLosses(model, placed, DEFAULT_LOSSES);
        total.backward();
        const named = model.namedGradients();
        const gradients = new Map(
          [...named].map(([name, gradient]) => [name, gradient?.toFloat32Array() ?? new Float32Array()]),
        );
        for (const gradient of named.values()) gradient?.dispose();
        for (const { tensor: leaf } of model.leaves().values()) leaf.grad = null;
        return { losses: LOSS_KEYS.map((key) => losses[key]?.item() ?? Number.NaN), gradients };
      });
    const [plain, filled] = [gradientsWith(1), gradientsWith(16)];
    for (const [i, loss] of plain.losses.entries()) expect(filled.losses[i]).toBeCloseTo(loss, 5);
    for (const [name, values] of plain.gradients) {
      expect(maxDifference(filled.gradients.get(name)!, values), name).toBeLessThan(1e-5);
    }
  });
});
