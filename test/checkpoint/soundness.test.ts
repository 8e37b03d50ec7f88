/** Weights that would give wrong answers without an error: quantised, empty, broken, untrained, of a variant. */
import { describe, expect, it } from 'vitest';
import { CheckpointError, CheckpointFile, loadWeights } from '../../src/checkpoint/index.js';
import { valueRange } from '../../src/checkpoint/valueRange.js';
import { AnswerTable } from '../../src/data/answerTable.js';
import { lxmertConfig, questionAnsweringModel } from '../../src/model/index.js';
import { fromTypedArray, scope } from '../../src/torch/index.js';
import * as ops from '../../src/torch/operators/index.js';
import { loadInitialWeights } from '../../src/train/initialWeights.js';
import { type PlainTensor, type Tree, writePth } from '../support/weightsForms.js';
import { temporaryFolder } from './bytes.js';

const folder = temporaryFolder();
const config = lxmertConfig({
  vocabSize: 30,
  hiddenSize: 8,
  numAttentionHeads: 2,
  intermediateSize: 12,
  numLanguageLayers: 1,
  numVisionLayers: 1,
  numCrossLayers: 1,
  maxPositionEmbeddings: 20,
  visualFeatureSize: 6,
});
const table = new AnswerTable(['yes', 'no', 'two']);

/** A model's tensors by canonical names; biases are no longer 0, as after a step of training. */
function tensors(isTrained = true): Record<string, PlainTensor> {
  using model = questionAnsweringModel(config, table.size);
  return Object.fromEntries(
    [...model.namedParameters()].map(([name, parameter]) => {
      const values = scope(() => Float32Array.from(parameter.toFloat32Array()));
      return [
        name,
        { shape: parameter.shape, values: isTrained ? values.map((value) => value + 0.01) : values },
      ];
    }),
  );
}

async function load(tree: Tree): Promise<readonly string[]> {
  const file = folder.path('weights.pth');
  writePth(file, tree);
  using model = questionAnsweringModel(config, table.size);
  return loadWeights(await CheckpointFile.open(file), model.namedParameters(), { require: 'all' }).notes;
}

const DENSE = 'bert.encoder.r_layers.0.intermediate.dense.weight';
const withTensor = (name: string, tensor: PlainTensor): Tree => ({ ...tensors(), [name]: tensor });
const filled = (name: string, value: number): Tree => {
  const { shape, values } = tensors()[name] as PlainTensor;
  return withTensor(name, {
    shape,
    values: values.map((each, i) => (i === 3 || value === 0 ? value : each)),
  });
};

describe('values of weights', () => {
  it.each(['float16', 'bfloat16', 'float32', 'float64'] as const)('have their range in %s', (dtype) => {
    scope(() => {
      const tensor = ops.to(fromTypedArray(Float32Array.of(-2.5, 0, 1.25), [3]), dtype);
      expect(valueRange(tensor)).toEqual({ min: -2.5, max: 1.25 });
    });
  });

  it('that are a trained model are loaded without a word', async () => {
    expect(await load(tensors())).toEqual([]);
  });

  it.each<readonly [string, () => Tree, RegExp]>([
    [
      'NaN',
      () => filled(DENSE, Number.NaN),
      /1 of its tensors hold values that are no numbers.*r_layers\.0\.interm/,
    ],
    [
      'infinite',
      () => filled('bert.pooler.dense.bias', Number.NEGATIVE_INFINITY),
      /or infinite, such as bert\.pooler/,
    ],
    ['NaN in the head', () => filled('answer_head.logit_fc.0.weight', Number.NaN), /logit_fc\.0\.weight/],
    ['zeros', () => filled(DENSE, 0), /1 of its tensors hold one and the same value throughout/],
    [
      'of relative positions',
      () => withTensor('bert.encoder.layer.0.attention.self.distance_embedding.weight', square(4)),
      /tensors that LXMERT has not, such as .*distance_embedding.*\(4 x 4\): a variant/,
    ],
    [
      'of adapters beside it',
      () => withTensor('bert.encoder.layer.0.attention.self.query.lora_A.default.weight', square(4)),
      /adapters that were not merged.*merge_and_unload/,
    ],
    [
      'transposed',
      () => withTensor(DENSE, { shape: [8, 12], values: new Float32Array(96).fill(1) }),
      /is transposed.*\(outputs, inputs\)/,
    ],
  ])('%s are refused', async (_what, tree, message) => {
    const loading = load(tree());
    await expect(loading).rejects.toThrow(message);
    await expect(loading).rejects.toBeInstanceOf(CheckpointError);
  });

  it('that were never trained are told of', async () => {
    const notes = await load(tensors(false));
    expect(notes).toHaveLength(2);
    expect(notes.join()).toMatch(/its encoder was never trained.*its answer head was never trained/);
  });

  it('of ids and counters beside the weights are nothing odd', async () => {
    const ids = {
      'bert.embeddings.position_ids': square(4),
      n_averaged: { shape: [], values: new Float32Array(1) },
    };
    expect(await load({ ...tensors(), ...ids })).toEqual([]);
  });
});

describe('files of other kinds', () => {
  it.each<readonly [string, Tree, RegExp]>([
    [
      'adapters alone',
      { 'base_model.model.bert.encoder.layer.0.attention.self.query.lora_A.weight': square(4) },
      /these are adapters \(1 of 1 tensors/,
    ],
    [
      'the detector',
      { 'roi_heads.res5.0.conv1.weight': square(4) },
      /the region detector, which --detector takes/,
    ],
  ])('%s are named', async (_what, tree, message) => {
    await expect(load(tree)).rejects.toThrow(message);
  });
});

describe('weights to begin with', () => {
  const start = async (
    parts: 'all' | 'answers' | 'encoder',
    tree: Tree,
    pretrainingAnswers?: AnswerTable,
    answers = table,
  ): Promise<void> => {
    const file = folder.path('start.pth');
    writePth(file, tree);
    using model = questionAnsweringModel(config, answers.size);
    await loadInitialWeights(
      { file, parts, pretrainingAnswers },
      model.namedParameters(),
      answers,
      () => undefined,
    );
  };
  const encoder = (): Tree =>
    Object.fromEntries(Object.entries(tensors()).filter(([name]) => name.startsWith('bert.')));

  it('a fine-tuned model with the table of a pre-trained one says the ways on', async () => {
    const pretrained = new AnswerTable(['a', 'b', 'c', 'yes']);
    await expect(start('answers', tensors(), pretrained)).rejects.toThrow(
      /fine-tuned model with a head of 3 answers, but .* has 4.*--load;.*--load-encoder;.*--pretraining-answers/,
    );
    await start('answers', tensors(), table);
  });

  it('an encoder says that it has no head, and another head is named', async () => {
    await expect(start('all', encoder())).rejects.toThrow(
      /has no answer head, so it cannot answer.*--load-encoder/,
    );
    await expect(start('answers', encoder(), table)).rejects.toThrow(
      /has no answer head, so.*--load-encoder/,
    );
    const head = { ...encoder(), 'classifier.0.weight': square(8), 'classifier.0.bias': square(8) };
    await expect(start('all', head)).rejects.toThrow(
      /no answer head by the names of LXMERT.*classifier\.0\.weight \(8 x 8\), .*may be a head of another form/,
    );
    await start('encoder', head);
  });

  it('a head of other answers says the ways on', async () => {
    const four = new AnswerTable(['a', 'b', 'c', 'd']);
    await expect(start('all', tensors(), undefined, four)).rejects.toThrow(
      /head of 3 answers, but this run has 4.*--load-encoder/,
    );
  });

  it('a part of an encoder is refused with what is missing', async () => {
    const { 'bert.encoder.x_layers.0.lang_inter.dense.bias': _, ...rest } = encoder();
    await expect(start('encoder', rest)).rejects.toThrow(
      /has \d+ of its tensors; missing are bert\.encoder\.x_layers\.0/,
    );
  });
});

function square(size: number): PlainTensor {
  return { shape: [size, size], values: new Float32Array(size * size).map((_, i) => i / 10) };
}
