import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type QuestionAnsweringModel, withPlainOperators } from '../../src/model/index.js';
import { bestAnswerLoss } from '../../src/tasks/losses.js';
import { noGrad, scope, type Tensor } from '../../src/torch/index.js';
import * as ops from '../../src/torch/operators/index.js';
import { onDevice, testDevices } from '../support/devices.js';
import { Golden, maxDifference, normOf } from '../support/golden.js';
import { canonicalName, goldenInputs, goldenLoss, goldenModel } from '../support/goldenModel.js';

describe.each(testDevices)('the encoder on %s', (device) => {
  let golden: Golden;
  let model: QuestionAnsweringModel;
  beforeAll(() => {
    golden = new Golden();
    model = goldenModel(golden, 'vqa').moveTo(device);
  });
  afterAll(() => model.dispose());

  function difference(actual: Tensor | undefined, name: string): number {
    return maxDifference(actual!.toFloat32Array(), golden.values(name));
  }

  it('gives the reference outputs within 2e-5', () => {
    scope(() => {
      const outputs = noGrad(() =>
        model.encoder.forward(goldenInputs(golden, 'encoder'), { padding: 'kept' }),
      );
      expect(difference(outputs.language, 'encoder/lang')).toBeLessThan(2e-5);
      expect(difference(outputs.vision, 'encoder/visn')).toBeLessThan(2e-5);
      expect(difference(outputs.pooled, 'encoder/pooled')).toBeLessThan(2e-5);
    });
  });

  it('gives them with a vision mask', () => {
    scope(() => {
      const visualAttentionMask = golden.tensor('encoder/visual_attention_mask');
      const inputs = { ...goldenInputs(golden, 'encoder'), visualAttentionMask };
      const outputs = noGrad(() => model.encoder.forward(inputs, { padding: 'kept' }));
      expect(difference(outputs.language, 'encoder_vmask/lang')).toBeLessThan(2e-5);
      expect(difference(outputs.vision, 'encoder_vmask/visn')).toBeLessThan(2e-5);
      expect(difference(outputs.pooled, 'encoder_vmask/pooled')).toBeLessThan(2e-5);
    });
  });

  it('leaves nothing out of the pooled vector when only that is asked for', () => {
    scope(() => {
      const outputs = noGrad(() =>
        model.encoder.forward(goldenInputs(golden, 'encoder'), { outputs: 'pooled' }),
      );
      expect(outputs.vision).toBeUndefined();
      expect(difference(outputs.pooled, 'encoder/pooled')).toBeLessThan(2e-5);
    });
  });

  it('returns every attention map, both cross directions, and nothing masked in them', () => {
    scope(() => {
      const inputs = goldenInputs(golden, 'encoder');
      const { attentions } = noGrad(() => model.encoder.forward(inputs, { attentions: true }));
      const { numAttentionHeads, numLanguageLayers, numVisionLayers, numCrossLayers } = model.config;
      const [batchSize = 0, numPieces = 0] = inputs.inputIds.shape;
      const numRegions = inputs.features.shape[1]!;
      expect(attentions?.language.length).toBe(numLanguageLayers);
      expect(attentions?.vision.length).toBe(numVisionLayers);
      expect(attentions?.cross.length).toBe(numCrossLayers);
      for (const { languageToVision, visionToLanguage } of attentions?.cross ?? []) {
        expect(languageToVision.shape).toEqual([batchSize, numAttentionHeads, numPieces, numRegions]);
        expect(visionToLanguage?.shape).toEqual([batchSize, numAttentionHeads, numRegions, numPieces]);
        const sums = ops.sum(visionToLanguage!, [-1]).toFloat32Array();
        expect(maxDifference(sums, new Float32Array(sums.length).fill(1))).toBeLessThan(1e-5);
        const padding = ops.sub(ops.neg(ops.to(inputs.attentionMask, 'float32')), -1); // (B, n)
        const onPadding = ops.mul(
          visionToLanguage!,
          onDevice(ops.view(padding, [batchSize, 1, 1, numPieces]), device),
        );
        expect(ops.max(onPadding).item()).toBe(0);
      }
    });
  });
});

/** This project's own operators, and libtorch's. */
const VERSIONS = testDevices.flatMap(
  (device) =>
    [
      [device, 'fused', <T>(body: () => T): T => body()],
      [device, 'plain', withPlainOperators],
    ] as const,
);

describe.each(['vqa', 'gqa', 'nlvr2'] as const)('%s', (task) => {
  it.each(VERSIONS)(
    'has the reference logits, loss, gradients and parameters without gradient, on %s, %s',
    (device, _, run) => {
      const golden = new Golden();
      using model = goldenModel(golden, task).moveTo(device);
      scope(() => {
        const logits = run(() => model.forward(goldenInputs(golden, task), { training: true })).logits.answer;
        expect(maxDifference(logits.toFloat32Array(), golden.values(`${task}/logit`))).toBeLessThan(2e-5);
        const loss = goldenLoss(golden, task, logits);
        const expected = golden.index[task].loss;
        expect(Math.abs(loss.item() / expected - 1)).toBeLessThan(1e-5);
        loss.backward();

        const gradients = model.namedGradients();
        for (const name of golden.names(`${task}/grad/`)) {
          const values = golden.values(`${task}/grad/${name}`);
          const gradient = gradients.get(canonicalName(name))!;
          const difference = maxDifference(gradient.toFloat32Array(), values) / normOf(values);
          expect(difference, name).toBeLessThan(1e-4);
        }
        const without = [...gradients].filter(([, gradient]) => gradient === null).map(([name]) => name);
        expect(without.sort()).toEqual(
          golden.index[task].parameters_without_gradient.map(canonicalName).sort(),
        );
        for (const gradient of gradients.values()) gradient?.dispose();
        for (const { tensor } of model.leaves().values()) tensor.grad = null;
      });
    },
  );
});

describe('the loss against the best answer', () => {
  it("is the reference's --mceLoss", () => {
    const golden = new Golden();
    using model = goldenModel(golden, 'gqa');
    scope(() => {
      const logits = noGrad(() => model.forward(goldenInputs(golden, 'gqa'))).logits.answer;
      const loss = bestAnswerLoss(logits, golden.tensor('gqa/target')).item();
      expect(Math.abs(loss / golden.index.gqa.mce_loss - 1)).toBeLessThan(1e-5);
    });
  });
});
