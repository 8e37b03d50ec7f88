import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ExactLayers, HalfLayers } from '../../src/export/layerWriter.js';
import { lxmertGraph } from '../../src/export/lxmertGraph.js';
import {
  answerHeadDefinition,
  type HeadDefinition,
  type LxmertConfig,
  type LxmertInputs,
  lxmertConfig,
  TaskModel,
} from '../../src/model/index.js';
import { writeModel } from '../../src/onnx/index.js';
import { noGrad, scope, type Tensor, tensor } from '../../src/torch/index.js';
import * as ops from '../../src/torch/operators/index.js';
import { manualSeed } from '../../src/torch/random.js';
import { Golden } from '../support/golden.js';
import { goldenInputs, goldenModel } from '../support/goldenModel.js';

/** Of the largest logit. */
const TOLERANCE = 2e-5;
const MATCH: HeadDefinition = { name: 'match', prefix: 'cls.seq_relationship', form: 'linear', size: 2 };

const SMALL: Partial<LxmertConfig> = {
  vocabSize: 40,
  hiddenSize: 24,
  numAttentionHeads: 3,
  intermediateSize: 40,
  numLanguageLayers: 2,
  numVisionLayers: 1,
  numCrossLayers: 2,
  visualFeatureSize: 10,
  maxPositionEmbeddings: 12,
  initializerRange: 0.3,
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'lxmert-graph-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Exported extends AsyncDisposable {
  readonly session: ort.InferenceSession;
}

async function exported(
  model: TaskModel,
  options: { attentions?: boolean; pooled?: boolean; type?: 'float32' | 'float16' } = {},
): Promise<Exported> {
  const { attentions = false, pooled = false, type = 'float32' } = options;
  const { config, heads, imagesPerExample } = model;
  const parameters = model.namedParameters();
  const graph = lxmertGraph(
    { config, heads, imagesPerExample, parameters, attentions, pooled },
    type === 'float32' ? new ExactLayers() : new HalfLayers(),
  );
  const file = path.join(folder, 'model.onnx');
  await writeModel(file, graph);
  const session = await ort.InferenceSession.create(file);
  return { session, [Symbol.asyncDispose]: () => session.release() };
}

function drawnModel(
  overrides: Partial<LxmertConfig> = {},
  heads: HeadDefinition[] = [answerHeadDefinition(7)],
  images = 1,
): TaskModel {
  manualSeed(3);
  const model = new TaskModel(lxmertConfig({ ...SMALL, ...overrides }), heads, images);
  // Biases begin as zeros, where a wrong one would not show.
  noGrad(() => {
    for (const [name, parameter] of model.namedParameters()) {
      if (name.endsWith('.bias')) ops.normal_(parameter, 0, 0.1);
    }
  });
  return model;
}

/** Random inputs: sentences of several lengths, regions of which some are padding. */
function drawnInputs(config: LxmertConfig, batch: number, images = batch, numRegions = 5): LxmertInputs {
  const words = 6;
  const lengths = Array.from({ length: batch }, (_, i) => (i % 2 === 0 ? words : 3));
  const ids = lengths.flatMap((length, i) =>
    Array.from({ length: words }, (_, k) => (k < length ? (7 * i + 5 * k + 2) % config.vocabSize : 0)),
  );
  const mask = lengths.flatMap((length) => Array.from({ length: words }, (_, k) => (k < length ? 1 : 0)));
  const regionMask = Array.from({ length: images }, (_, i) =>
    Array.from({ length: numRegions }, (_, k) => (i === 0 && k === numRegions - 1 ? 0 : 1)),
  ).flat();
  return {
    inputIds: tensor(ids, [batch, words], 'int64'),
    tokenTypeIds: tensor(Array(batch * words).fill(0), [batch, words], 'int64'),
    attentionMask: tensor(mask, [batch, words], 'int64'),
    features: ops.rand([images, numRegions, config.visualFeatureSize]),
    boxes: ops.rand([images, numRegions, 4]),
    visualAttentionMask: tensor(regionMask, [images, numRegions], 'int64'),
  };
}

function feedsOf(inputs: LxmertInputs, imagesPerExample = 1): Record<string, ort.Tensor> {
  const whole = (x: Tensor): ort.Tensor =>
    new ort.Tensor('int64', BigInt64Array.from(x.toFloat32Array(), BigInt), x.shape);
  const pairs = (x: Tensor, values: ort.Tensor): ort.Tensor =>
    imagesPerExample === 1
      ? values
      : values.reshape([(x.shape[0] ?? 0) / imagesPerExample, imagesPerExample, ...x.shape.slice(1)]);
  const { features, boxes, visualAttentionMask: given } = inputs;
  const mask = given ?? ops.ones(features.shape.slice(0, 2));
  return {
    input_ids: whole(inputs.inputIds),
    attention_mask: whole(inputs.attentionMask),
    token_type_ids: whole(inputs.tokenTypeIds),
    visual_feats: pairs(features, new ort.Tensor('float32', features.toFloat32Array(), features.shape)),
    visual_pos: pairs(boxes, new ort.Tensor('float32', boxes.toFloat32Array(), boxes.shape)),
    visual_attention_mask: pairs(mask, whole(mask)),
  };
}

/** Largest difference, as a share of the largest value. */
function differenceOf(found: ort.Tensor | undefined, expected: Tensor): number {
  expect(found?.dims).toEqual(expected.shape);
  const values = expected.toFloat32Array();
  const data = found?.data as Float32Array;
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return values.reduce((most, value, i) => Math.max(most, Math.abs(value - (data[i] ?? NaN))), 0) / largest;
}

describe('the graph of LXMERT in ONNX Runtime', () => {
  it.each(['vqa', 'gqa', 'nlvr2'] as const)('has the logits of the reference for %s', async (task) => {
    const golden = new Golden();
    using model = goldenModel(golden, task);
    await using file = await exported(model);
    const { imagesPerExample } = model;
    const feeds = scope(() => {
      const inputs = goldenInputs(golden, task);
      // The reference repeats a statement for each of its images.
      const once = (x: Tensor): Tensor =>
        imagesPerExample === 1
          ? x
          : ops.select(ops.reshape(x, [-1, imagesPerExample, x.shape[1] ?? 0]), 1, 0);
      const { inputIds, tokenTypeIds, attentionMask } = inputs;
      return feedsOf(
        {
          ...inputs,
          inputIds: once(inputIds),
          tokenTypeIds: once(tokenTypeIds),
          attentionMask: once(attentionMask),
        },
        imagesPerExample,
      );
    });
    const { logits } = await file.session.run(feeds);
    scope(() => expect(differenceOf(logits, golden.tensor(`${task}/logit`))).toBeLessThan(TOLERANCE));
  });

  it('has every head of a task, the pooled vector and all attention maps', async () => {
    using model = drawnModel({}, [answerHeadDefinition(7), MATCH]);
    await using file = await exported(model, { attentions: true, pooled: true });
    const inputs = drawnInputs(model.config, 3);
    const found = await file.session.run(feedsOf(inputs));
    scope(() => {
      const { logits, pooled, attentions } = model.forward(inputs, { attentions: true });
      expect(differenceOf(found.logits, logits.answer as Tensor)).toBeLessThan(TOLERANCE);
      expect(differenceOf(found.match_logits, logits.match as Tensor)).toBeLessThan(TOLERANCE);
      expect(differenceOf(found.pooled_output, pooled)).toBeLessThan(TOLERANCE);
      const maps = {
        language_attentions: attentions?.language,
        vision_attentions: attentions?.vision,
        cross_encoder_attentions: attentions?.cross.map(({ languageToVision }) => languageToVision),
        cross_encoder_vision_attentions: attentions?.cross.map(({ visionToLanguage }) => visionToLanguage),
      };
      for (const [name, layers] of Object.entries(maps)) {
        for (const [i, map] of (layers ?? []).entries()) {
          const computed = found[`${name}.${i}`];
          expect(computed?.dims).toEqual(map.shape);
          const values = map.toFloat32Array();
          // Here padding asks as well; the main path leaves its rows 0.
          const width = map.shape[3] ?? 1;
          const differences = [...values].map((value, k) => {
            const row = k - (k % width);
            const isPadding = values.subarray(row, row + width).every((each) => each === 0);
            return isPadding
              ? 0
              : Math.abs(value - ((computed?.data[k] as number | undefined) ?? Number.NaN));
          });
          expect(Math.max(...differences)).toBeLessThan(TOLERANCE);
        }
      }
      expect(Object.keys(found).length).toBe(3 + 2 + 1 + 2 * 2);
    });
    disposeInputs(inputs);
  });

  it.each([1, 2])('lets all sentences share their images, %i of them', async (imagesPerExample) => {
    using model = drawnModel({}, undefined, imagesPerExample);
    await using file = await exported(model, { attentions: true });
    const inputs = drawnInputs(model.config, 4, imagesPerExample);
    const found = await file.session.run(feedsOf(inputs, imagesPerExample));
    scope(() => {
      const numExamples = 4 * imagesPerExample;
      const all = Array.from({ length: numExamples }, (_, i) => i);
      const imageOf = all.map((i) => i % imagesPerExample);
      const sentenceOf = all.map((i) => Math.floor(i / imagesPerExample));
      const { logits } = model.forward({ ...inputs, imageOf, sentenceOf });
      expect(differenceOf(found.logits, logits.answer as Tensor)).toBeLessThan(TOLERANCE);
      expect(found['vision_attentions.0']?.dims[0]).toBe(imagesPerExample);
      expect(found['cross_encoder_attentions.0']?.dims[0]).toBe(numExamples);
    });
    disposeInputs(inputs);
  });

  it.each([
    { numLanguageLayers: 0, numVisionLayers: 0, numCrossLayers: 1 },
    { numLanguageLayers: 1, numVisionLayers: 1, numCrossLayers: 0 },
  ])('is right for any numbers of layers: %o', async (layers) => {
    using model = drawnModel(layers);
    await using file = await exported(model, { attentions: true });
    const inputs = drawnInputs(model.config, 2);
    const { logits } = await file.session.run(feedsOf(inputs));
    scope(() => {
      expect(differenceOf(logits, model.forward(inputs).logits.answer as Tensor)).toBeLessThan(TOLERANCE);
    });
    disposeInputs(inputs);
  });

  it('computes in float16 and gives float32', async () => {
    using model = drawnModel({ initializerRange: 0.1 }, [answerHeadDefinition(7), MATCH]);
    await using file = await exported(model, { type: 'float16', attentions: true, pooled: true });
    const inputs = drawnInputs(model.config, 3);
    const found = await file.session.run(feedsOf(inputs));
    scope(() => {
      const difference = differenceOf(found.logits, model.forward(inputs).logits.answer as Tensor);
      expect(found.logits?.type).toBe('float32');
      expect(difference).toBeLessThan(5e-3);
      // Rounded it is: float32 would be nearer.
      expect(difference).toBeGreaterThan(TOLERANCE);
    });
    disposeInputs(inputs);
  });
});

function disposeInputs(inputs: LxmertInputs): void {
  for (const each of Object.values(inputs)) (each as Tensor).dispose();
}
