/** @file What may be left out, packed or shared changes no result. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type LxmertInputs,
  lxmertConfig,
  type QuestionAnsweringModel,
  questionAnsweringModel,
  useForInference,
  withPlainOperators,
} from '../../src/model/index.js';
import {
  getNumThreads,
  manualSeed,
  noGrad,
  scope,
  setNumThreads,
  type Tensor,
  tensor,
} from '../../src/torch/index.js';
import * as ops from '../../src/torch/operators/index.js';
import { maxDifference } from '../support/golden.js';

const NUM_REGIONS = 6;
const LENGTHS = [9, 3, 12, 5];

function makeModel(): QuestionAnsweringModel {
  manualSeed(1);
  const config = lxmertConfig({
    vocabSize: 60,
    hiddenSize: 48,
    numAttentionHeads: 4,
    intermediateSize: 96,
    numLanguageLayers: 2,
    numVisionLayers: 1,
    numCrossLayers: 2,
    visualFeatureSize: 20,
    initializerRange: 0.15,
  });
  return questionAnsweringModel(config, 11);
}

/** Questions of LENGTHS, each about its own image. */
function makeInputs(): LxmertInputs {
  const width = 12;
  const batchSize = LENGTHS.length;
  const isWord = (i: number): boolean => i % width < LENGTHS[Math.floor(i / width)]!;
  const each = (value: (i: number) => number): Tensor =>
    tensor(
      Int32Array.from({ length: batchSize * width }, (_, i) => value(i)),
      [batchSize, width],
    );
  return {
    inputIds: each((i) => (isWord(i) ? 1 + ((i * 13) % 59) : 0)),
    tokenTypeIds: each(() => 0),
    attentionMask: each((i) => (isWord(i) ? 1 : 0)),
    features: ops.randn([batchSize, NUM_REGIONS, 20]),
    boxes: ops.rand([batchSize, NUM_REGIONS, 4]),
  };
}

describe('the model', () => {
  let model: QuestionAnsweringModel;
  beforeAll(() => {
    model = makeModel();
  });
  afterAll(() => model.dispose());

  const inside = (body: (inputs: LxmertInputs) => void): void =>
    scope(() =>
      noGrad(() => {
        manualSeed(2);
        body(makeInputs());
      }),
    );
  const difference = (a: Tensor, b: Tensor): number => maxDifference(a.toFloat32Array(), b.toFloat32Array());

  it('gives the same with padding dropped and kept, and zeros where it was dropped', () =>
    inside((inputs) => {
      const dropped = model.encoder.forward(inputs);
      const kept = model.encoder.forward(inputs, { padding: 'kept' });
      const mask = ops.unsqueeze(ops.to(inputs.attentionMask, 'float32'), 2);
      expect(difference(dropped.language!, ops.mul(kept.language!, mask))).toBeLessThan(1e-5);
      expect(difference(dropped.vision!, kept.vision!)).toBeLessThan(1e-5);
      expect(difference(dropped.pooled, kept.pooled)).toBeLessThan(1e-5);
      expect(ops.max(ops.abs(ops.mul(kept.language!, ops.sub(mask, 1)))).item()).toBeGreaterThan(0.1);
    }));

  it('gives the same fused and plain, maps wanted or not', () =>
    inside((inputs) => {
      const fused = model.encoder.forward(inputs);
      const plain = withPlainOperators(() => model.encoder.forward(inputs));
      const withMaps = model.encoder.forward(inputs, { attentions: true });
      for (const other of [plain, withMaps]) {
        expect(difference(fused.language!, other.language!)).toBeLessThan(1e-5);
        expect(difference(fused.vision!, other.vision!)).toBeLessThan(1e-5);
        expect(difference(fused.pooled, other.pooled)).toBeLessThan(1e-5);
      }
    }));

  it('gives the same pooled vector when it computes nothing else', () =>
    inside((inputs) => {
      const whole = model.encoder.forward(inputs);
      const pooled = model.encoder.forward(inputs, { outputs: 'pooled' });
      expect(pooled.language).toBeUndefined();
      expect(difference(pooled.pooled, whole.pooled)).toBeLessThan(1e-5);
    }));

  it('gives the same for images shared by sentences, encoded in the call or before', () =>
    inside((inputs) => {
      const imageOf = [1, 0, 1, 1];
      const rows = tensor(Int32Array.from(imageOf));
      const repeated = {
        ...inputs,
        features: ops.indexSelect(inputs.features, 0, rows),
        boxes: ops.indexSelect(inputs.boxes, 0, rows),
      };
      const expected = model.forward(repeated).logits.answer;
      expect(difference(model.forward({ ...inputs, imageOf }).logits.answer, expected)).toBeLessThan(1e-5);
      const images = model.encoder.encodeImages(inputs);
      expect(difference(model.forwardEncoded(inputs, images, imageOf).logits.answer, expected)).toBeLessThan(
        1e-5,
      );
    }));

  it('gives each example the same alone and in a batch', () =>
    inside((inputs) => {
      const logits = model.forward(inputs).logits.answer;
      for (const [i] of LENGTHS.entries()) {
        const alone = Object.fromEntries(
          Object.entries(inputs).map(([name, t]) => [name, ops.narrow(t as Tensor, 0, i, 1)]),
        ) as unknown as LxmertInputs;
        expect(difference(model.forward(alone).logits.answer, ops.narrow(logits, 0, i, 1))).toBeLessThan(
          1e-5,
        );
      }
    }));

  it('sees nothing of regions behind the mask, holes included', () =>
    inside((inputs) => {
      const mask = tensor([1, 0, 1, 1, 0, 1], [1, NUM_REGIONS]);
      const visualAttentionMask = ops.contiguous(ops.expand(mask, [LENGTHS.length, NUM_REGIONS]));
      const masked = model.forward({ ...inputs, visualAttentionMask }).logits.answer;
      const hidden = ops.unsqueeze(ops.sub(ops.onesLike(visualAttentionMask), visualAttentionMask), 2);
      const changed = {
        ...inputs,
        features: ops.add(inputs.features, ops.mul(hidden, 100)),
        visualAttentionMask,
      };
      expect(difference(model.forward(changed).logits.answer, masked)).toBe(0);
      expect(difference(model.forward(inputs).logits.answer, masked)).toBeGreaterThan(1e-4);
    }));

  it('draws the same dropout for a seed, and other dropout for another', () =>
    inside((inputs) => {
      const draw = (seed: number): Tensor => {
        manualSeed(seed);
        return model.forward(inputs, { training: true }).logits.answer;
      };
      const first = draw(1);
      expect(difference(draw(1), first)).toBe(0);
      expect(difference(draw(2), first)).toBeGreaterThan(1e-3);
    }));
});

describe('packed weights', () => {
  it('answer as the plain ones do, with maps, with plain operators, and for images seen before', () =>
    scope(() =>
      noGrad(() => {
        using model = makeModel();
        manualSeed(2);
        const inputs = makeInputs();
        const names = [...model.namedParameters()].map(
          ([name, tensor]) => [name, tensor.toFloat32Array()] as const,
        );
        const numParameters = model.numParameters;
        const answers = (): Float32Array[] => {
          const { logits, attentions } = model.forward(inputs, { attentions: true });
          return [
            model.forward(inputs).logits.answer.toFloat32Array(),
            logits.answer.toFloat32Array(),
            ...attentions!.cross.map((layer) => layer.languageToVision.toFloat32Array()),
            withPlainOperators(() => model.forward(inputs).logits.answer.toFloat32Array()),
            model.forwardEncoded(inputs, model.encoder.encodeImages(inputs)).logits.answer.toFloat32Array(),
          ];
        };
        const expected = answers();
        useForInference(model, 'float32');
        for (const [i, values] of answers().entries()) {
          expect(maxDifference(values, expected[i]!), `answer ${i}`).toBeLessThan(1e-5);
        }
        expect(model.numParameters).toBe(numParameters);
        expect([...model.namedParameters()].map(([name, tensor]) => [name, tensor.toFloat32Array()])).toEqual(
          names,
        );
      }),
    ));

  it('in 8 bits answer nearly as the plain ones do, alike on every path', () =>
    scope(() =>
      noGrad(() => {
        using model = makeModel();
        manualSeed(2);
        const inputs = makeInputs();
        const exact = model.forward(inputs).logits.answer.toFloat32Array();
        useForInference(model, 'int8');
        const whole = model.forward(inputs).logits.answer.toFloat32Array();
        const spread = Math.max(...exact) - Math.min(...exact);
        // 7 bits of rows and 8 of weights through a few layers; the error of the whole is far below the spread of answers.
        expect(maxDifference(whole, exact)).toBeLessThan(0.1 * spread);
        expect(maxDifference(whole, exact)).toBeGreaterThan(0);
        const others = [
          model.forward(inputs, { attentions: true }).logits.answer,
          model.forwardEncoded(inputs, model.encoder.encodeImages(inputs)).logits.answer,
          // Weights as the numbers that their bytes stand for, and rows that are not rounded.
          withPlainOperators(() => model.forward(inputs).logits.answer),
        ];
        for (const other of others) {
          expect(maxDifference(other.toFloat32Array(), whole)).toBeLessThan(0.1 * spread);
        }
        useForInference(model, 'float32');
        expect(maxDifference(model.forward(inputs).logits.answer.toFloat32Array(), exact)).toBeLessThan(
          0.1 * spread,
        );
      }),
    ));

  it('give the same bits on any number of threads, and to a question in any batch', () =>
    scope(() =>
      noGrad(() => {
        using model = makeModel();
        useForInference(model, 'float32');
        manualSeed(2);
        const inputs = makeInputs();
        const answers = (): Float32Array => model.forward(inputs).logits.answer.toFloat32Array();
        const before = getNumThreads();
        try {
          const [one, two, five] = [1, 2, 5].map((count) => {
            setNumThreads(count);
            return answers();
          });
          expect(two).toEqual(one);
          expect(five).toEqual(one);
          const alone = Object.fromEntries(
            Object.entries(inputs).map(([name, values]) => [name, ops.narrow(values as Tensor, 0, 2, 1)]),
          ) as unknown as LxmertInputs;
          const answer = model.forward(alone).logits.answer.toFloat32Array();
          expect(answer).toEqual(one!.subarray(2 * answer.length, 3 * answer.length));
        } finally {
          setNumThreads(before);
        }
      }),
    ));

  it('can be rounded afterwards', () =>
    scope(() =>
      noGrad(() => {
        using model = makeModel();
        manualSeed(2);
        const inputs = makeInputs();
        const answer = (): Float32Array => model.forward(inputs).logits.answer.toFloat32Array();
        useForInference(model, 'float32');
        useForInference(model, 'bfloat16');
        const after = answer();
        using other = makeModel();
        useForInference(other, 'bfloat16');
        expect(after).toEqual(other.forward(inputs).logits.answer.toFloat32Array());
      }),
    ));
});

describe('bfloat16', () => {
  it('answers within the documented distance of float32, with half the weights', () =>
    scope(() =>
      noGrad(() => {
        using model = makeModel();
        manualSeed(2);
        const inputs = makeInputs();
        const exact = model.forward(inputs).logits.answer;
        const spread = Math.sqrt(ops.mean(ops.mul(exact, exact)).item());
        model.precision = 'bfloat16';
        const converted = model.forward(inputs).logits.answer;
        useForInference(model, 'bfloat16');
        const stored = model.forward(inputs).logits.answer;
        expect(stored.dtype).toBe('float32');
        // docs/how-it-works/precision.md: at most a tenth of the logits' spread.
        expect(maxDifference(stored.toFloat32Array(), exact.toFloat32Array()) / spread).toBeLessThan(0.1);
        expect(maxDifference(stored.toFloat32Array(), exact.toFloat32Array())).toBeGreaterThan(0);
        expect(maxDifference(stored.toFloat32Array(), converted.toFloat32Array())).toBe(0);
        const dtypes = new Set([...model.namedParameters().values()].map((parameter) => parameter.dtype));
        expect(dtypes).toEqual(new Set(['float32', 'bfloat16']));
      }),
    ));
});
