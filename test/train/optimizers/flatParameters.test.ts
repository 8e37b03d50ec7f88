import { describe, expect, it } from 'vitest';
import {
  lxmertConfig,
  type Precision,
  type QuestionAnsweringModel,
  questionAnsweringModel,
  withPlainOperators,
} from '../../../src/model/index.js';
import { softAnswerLoss } from '../../../src/tasks/losses.js';
import { liveTensors, manualSeed, noGrad, scope, type Tensor, tensor } from '../../../src/torch/index.js';
import * as ops from '../../../src/torch/operators/index.js';
import { adamUpdate, plainAdamUpdate } from '../../../src/train/optimizers/adamUpdate.js';
import { BertAdam } from '../../../src/train/optimizers/bertAdam.js';
import { clipGradients } from '../../../src/train/optimizers/clipGradients.js';
import { FlatParameters } from '../../../src/train/optimizers/flatParameters.js';
import { maxDifference, normOf } from '../../support/golden.js';

const CONFIG = lxmertConfig({
  vocabSize: 50,
  hiddenSize: 24,
  numAttentionHeads: 2,
  intermediateSize: 40,
  numLanguageLayers: 1,
  numVisionLayers: 1,
  numCrossLayers: 2,
  visualFeatureSize: 16,
  hiddenDropout: 0,
  attentionDropout: 0,
  initializerRange: 0.2,
});

function smallModel(): QuestionAnsweringModel {
  manualSeed(1);
  return questionAnsweringModel(CONFIG, 7);
}

/** Three questions of different lengths; `first` chooses their words. */
function lossOf(model: QuestionAnsweringModel, first: number): Tensor {
  const ids = Int32Array.from({ length: 15 }, (_, i) => 1 + ((first + 7 * i) % 49));
  const mask = [1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0];
  const logits = model.forward(
    {
      inputIds: tensor(ids, [3, 5]),
      tokenTypeIds: ops.zeros([3, 5], { dtype: 'int32' }),
      attentionMask: tensor(mask, [3, 5]),
      features: tensor(
        Float32Array.from({ length: 3 * 4 * 16 }, (_, i) => Math.sin(first + i)),
        [3, 4, 16],
      ),
      boxes: tensor(
        Float32Array.from({ length: 48 }, (_, i) => (i % 10) / 10),
        [3, 4, 4],
      ),
    },
    { training: true },
  ).logits.answer;
  return softAnswerLoss(logits, ops.full([3, 7], 0.3));
}

/** Gradients by name, as plain arrays; null where there is none. */
function gradientsOf(model: QuestionAnsweringModel): Map<string, Float32Array | null> {
  const found = model.namedGradients();
  const values = new Map([...found].map(([name, gradient]) => [name, gradient?.toFloat32Array() ?? null]));
  for (const gradient of found.values()) gradient?.dispose();
  return values;
}

function dropGradients(model: QuestionAnsweringModel): void {
  for (const { tensor: leaf } of model.leaves().values()) leaf.grad = null;
}

function expectClose(
  actual: ReadonlyMap<string, Float32Array | null>,
  expected: ReadonlyMap<string, Float32Array | null>,
  tolerance: number,
): void {
  expect([...actual.keys()]).toEqual([...expected.keys()]);
  const typical = Math.max(...[...expected.values()].map((values) => (values === null ? 0 : normOf(values))));
  for (const [name, values] of expected) {
    const found = actual.get(name) ?? null;
    expect(found === null, `${name} has no gradient`).toBe(values === null);
    if (values !== null && found !== null) {
      // Gradients of key biases are 0 but for rounding: held against the others.
      const scale = Math.max(normOf(values), 1e-3 * typical);
      expect(maxDifference(found, values) / scale, name).toBeLessThan(tolerance);
    }
  }
}

describe('FlatParameters', () => {
  it('lays a model out in one buffer and leaves names and values as they were', () =>
    scope(() => {
      using model = smallModel();
      const before = new Map([...model.namedParameters()].map(([name, p]) => [name, p.toFloat32Array()]));
      using flat = FlatParameters.of(model);
      expect(flat.groups.length).toBe(1);
      const [group] = flat.groups;
      for (const [name, parameter] of model.namedParameters()) {
        expect(parameter.sharesStorageWith(group!.values), name).toBe(true);
        expect(parameter.toFloat32Array(), name).toEqual(before.get(name));
      }
      // Writing under a name changes what is trained: query, key and value are views of one tensor.
      const key = model.namedParameters().get('bert.encoder.layer.0.attention.self.key.bias')!;
      noGrad(() => ops.copy_(key, ops.full([24], 5)));
      expect(ops.max(group!.values).item()).toBe(5);
    }));

  it('gives the gradients of the plain operators and of a model without buffers', () =>
    scope(() => {
      using model = smallModel();
      withPlainOperators(() => lossOf(model, 3)).backward();
      const plain = gradientsOf(model);
      dropGradients(model);
      lossOf(model, 3).backward();
      const fused = gradientsOf(model);
      dropGradients(model);
      expectClose(fused, plain, 2e-5);
      expect([...plain.values()].some((values) => values === null)).toBe(true);

      using flat = FlatParameters.of(model);
      lossOf(model, 3).backward();
      expectClose(gradientsOf(model), fused, 1e-6);
      // Not only equal but in place.
      for (const { parameters, gradients } of flat.groups) {
        for (const { tensor: leaf } of parameters) {
          const gradient = leaf.grad;
          if (gradient !== null) expect(gradient.sharesStorageWith(gradients)).toBe(true);
        }
      }
    }));

  it('replaces the gradients of the last step, rows of the word embeddings included, and adds up within a step', () =>
    scope(() => {
      using model = smallModel();
      const reference = (firsts: readonly number[]) => {
        for (const first of firsts) lossOf(model, first).backward();
        const values = gradientsOf(model);
        dropGradients(model);
        return values;
      };
      const second = reference([20]);
      const both = reference([20, 33]);
      using flat = FlatParameters.of(model);
      lossOf(model, 3).backward();
      flat.zeroGrad();
      lossOf(model, 20).backward();
      expectClose(gradientsOf(model), second, 1e-5);
      lossOf(model, 33).backward();
      expectClose(gradientsOf(model), both, 1e-5);
    }));

  it('takes in gradients that autograd put elsewhere', () =>
    scope(() => {
      using model = smallModel();
      using flat = FlatParameters.of(model);
      const loss = () => withPlainOperators(() => lossOf(model, 3));
      loss().backward();
      const plain = gradientsOf(model);
      const { norm } = clipGradients(flat, 5);
      let sum = 0;
      for (const values of plain.values()) if (values !== null) sum += normOf(values) ** 2;
      expect(norm / Math.sqrt(sum)).toBeCloseTo(1, 6);
      expectClose(gradientsOf(model), plain, 1e-6);
    }));

  it('ends its buffers and leaves the model usable', () => {
    const before = liveTensors();
    const model = smallModel();
    const flat = FlatParameters.of(model, 'bfloat16');
    flat[Symbol.dispose]();
    scope(() => lossOf(model, 3).backward());
    dropGradients(model);
    model.dispose();
    expect(liveTensors()).toBe(before);
  });
});

describe.each(['float32', 'bfloat16'] as const)('training in %s', (precision: Precision) => {
  it('lowers the loss, and the copies follow the master weights', () =>
    scope(() => {
      using model = smallModel();
      model.precision = precision;
      using flat = FlatParameters.of(model, precision);
      using optimizer = new BertAdam(flat, { learningRate: 2e-3, totalSteps: 60 });
      const losses: number[] = [];
      for (let step = 0; step < 40; step++) {
        scope(() => {
          const loss = lossOf(model, 3);
          losses.push(loss.item());
          loss.backward();
          optimizer.step(clipGradients(flat, 5).scale);
        });
      }
      // The entropy of the targets, which no model gets below.
      const entropy = -7 * (0.3 * Math.log(0.3) + 0.7 * Math.log(0.7));
      expect(losses.at(-1)! - entropy).toBeLessThan((losses[0]! - entropy) / 10);
      const halves = flat.groups.filter(({ copy }) => copy !== null);
      expect(halves.length).toBe(precision === 'bfloat16' ? 1 : 0);
      for (const { values, copy } of halves) {
        expect(ops.equal(ops.to(values, 'bfloat16'), copy!)).toBe(true);
        expect(values.dtype).toBe('float32');
      }
    }));
});

describe('bertAdamUpdate', () => {
  it.each(['float32', 'bfloat16'] as const)('equals the plain steps with gradients in %s', (format) =>
    scope(() =>
      noGrad(() => {
        manualSeed(2);
        // More than a block of the parallel loop, and no multiple of a vector.
        const count = 300_007;
        const start = ops.randn([count]);
        const make = () => ({
          values: ops.clone(start),
          mean: ops.zeros([count]),
          meanSquare: ops.zeros([count]),
          copy: format === 'bfloat16' ? ops.zeros([count], { dtype: 'bfloat16' }) : null,
        });
        const fused = make();
        const plain = make();
        const numbers = { gradientScale: 0.37, beta1: 0.9, beta2: 0.999, eps: 1e-6, weightDecay: 0.01 };
        for (const rate of [0, 1e-3, 5e-3]) {
          const gradients = ops.to(ops.randn([count]), format);
          adamUpdate({ ...fused, gradients }, { ...numbers, rate });
          plainAdamUpdate({ ...plain, gradients }, { ...numbers, rate });
        }
        for (const key of ['values', 'mean', 'meanSquare'] as const) {
          const difference = maxDifference(fused[key].toFloat32Array(), plain[key].toFloat32Array());
          expect(difference, key).toBeLessThan(1e-6);
        }
        if (fused.copy !== null) {
          expect(ops.equal(fused.copy, ops.to(fused.values, 'bfloat16'))).toBe(true);
        }
      }),
    ),
  );
});
