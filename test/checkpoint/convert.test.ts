/** Conversion, description and config.json, on small whole models with heads and without. */
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  CheckpointFile,
  convertCheckpoint,
  describeCheckpoint,
  loadWeights,
  missingEncoderTensors,
  modelKind,
  renderDescription,
  saveCheckpoint,
} from '../../src/checkpoint/index.js';
import { writableFromEntry } from '../../src/checkpoint/write/writableTensor.js';
import { UsageError } from '../../src/common/errors.js';
import {
  answerHeadDefinition,
  type LxmertConfig,
  lxmertConfig,
  questionAnsweringModel,
  TaskModel,
} from '../../src/model/index.js';
import { scope, type Tensor } from '../../src/torch/index.js';
import * as ops from '../../src/torch/operators/index.js';
import { goldenPath } from '../support/golden.js';
import { floats, pickle, pickledDict, pickledTensor, pthFile, temporaryFolder } from './bytes.js';

const folder = temporaryFolder();

const small: LxmertConfig = lxmertConfig({
  vocabSize: 30,
  hiddenSize: 64,
  numAttentionHeads: 1,
  intermediateSize: 12,
  numLanguageLayers: 2,
  numVisionLayers: 1,
  numCrossLayers: 1,
  maxPositionEmbeddings: 20,
  visualFeatureSize: 6,
});

/** Saves the parameters of a small model, changed by `change`, and opens the file. */
async function saved(
  name: string,
  change: (parameters: Map<string, Tensor>) => void = () => undefined,
  numAnswers = 5,
): Promise<CheckpointFile> {
  using model = questionAnsweringModel(small, numAnswers);
  const parameters = new Map(model.namedParameters());
  const before = new Set(parameters.values());
  change(parameters);
  await saveCheckpoint(folder.path(name), parameters, 'reference-pretraining');
  for (const each of parameters.values()) if (!before.has(each)) each.dispose();
  return CheckpointFile.open(folder.path(name));
}

/** Takes the answer head away and puts pre-training heads in, the masked-LM decoder tied to the word embeddings. */
function addPretrainingHeads(parameters: Map<string, Tensor>): void {
  const words = parameters.get('bert.embeddings.word_embeddings.weight')!;
  parameters.set('cls.predictions.decoder.weight', words);
  parameters.set('cls.predictions.bias', ops.zeros([30]));
  parameters.set('cls.seq_relationship.weight', ops.zeros([2, 64]));
  parameters.set('obj_predict_head.decoder_dict.obj.weight', ops.zeros([40, 64]));
  parameters.set('obj_predict_head.decoder_dict.feat.weight', ops.zeros([6, 64]));
}

function sameValues(a: CheckpointFile, b: CheckpointFile): void {
  expect([...b.entries.keys()].sort()).toEqual([...a.entries.keys()].sort());
  for (const name of a.entries.keys()) {
    scope(() => expect(b.tensor(name).toFloat32Array(), name).toEqual(a.tensor(name).toFloat32Array()));
  }
}

describe('convertCheckpoint', () => {
  it('goes there and back without a change, and keeps tied weights tied in .pth', async () => {
    const original = await saved('start.pth', addPretrainingHeads);
    await convertCheckpoint(original.path, folder.path('hf.bin'), { to: 'huggingface' });
    const huggingFace = await CheckpointFile.open(folder.path('hf.bin'));
    expect(huggingFace.family).toBe('huggingface');
    expect(huggingFace.parsed.entries.map((entry) => entry.name)).toContain('lxmert.pooler.dense.bias');
    sameValues(original, huggingFace);
    expect(describeCheckpoint(huggingFace).tied).toEqual([
      ['lxmert.embeddings.word_embeddings.weight', 'cls.predictions.decoder.weight'],
    ]);
    const back = await convertCheckpoint(huggingFace.path, folder.path('back.safetensors'), {
      to: 'reference',
    });
    expect([back.names, back.leftOut, back.config]).toEqual(['reference-pretraining', [], undefined]);
    sameValues(original, await CheckpointFile.open(folder.path('back.safetensors')));
  });

  it("writes an answering model under the reference's fine-tuned names", async () => {
    const original = await saved('answers.pth');
    await convertCheckpoint(original.path, folder.path('BEST.pth'), { to: 'reference' });
    const best = await CheckpointFile.open(folder.path('BEST.pth'));
    const names = best.parsed.entries.map((entry) => entry.name);
    expect(names).toEqual(
      expect.arrayContaining(['lxrt_encoder.model.bert.pooler.dense.bias', 'logit_fc.3.bias']),
    );
    sameValues(original, best);
  });

  it('takes a second head along, there and back, when it is told of it', async () => {
    const heads = ['mood_head'];
    const head = { name: 'mood', prefix: 'mood_head', form: 'mlp', size: 3 } as const;
    using model = new TaskModel(small, [answerHeadDefinition(5), head]);
    const [first, there, back] = ['two.pth', 'two.safetensors', 'twoBack.pth'].map((name) =>
      folder.path(name),
    );
    await saveCheckpoint(first!, model.namedParameters(), 'reference-finetuned', heads);
    const original = await CheckpointFile.open(first!);
    expect(describeCheckpoint(original, heads)).toMatchObject({ taskHeads: heads, others: [] });

    const options = { heads, numAttentionHeads: 1 };
    expect((await convertCheckpoint(first!, there!, { to: 'huggingface', ...options })).leftOut).toEqual([]);
    const { names, leftOut } = await convertCheckpoint(there!, back!, { to: 'reference', ...options });
    expect([names, leftOut]).toEqual(['reference-finetuned', []]);
    const returned = await CheckpointFile.open(back!);
    expect([...returned.parsed.entries].map(({ name }) => name)).toEqual(
      [...original.parsed.entries].map(({ name }) => name),
    );
    for (const name of original.entries.keys()) {
      const [found, expected] = [returned, original].map((file) =>
        scope(() => file.tensor(name).toFloat32Array()),
      );
      expect(found, name).toEqual(expected);
    }
    // Without a word of it, the head is no part of LXMERT and is said to be left out.
    const alone = await convertCheckpoint(first!, folder.path('one.safetensors'), { to: 'huggingface' });
    expect(alone.leftOut).toContain('mood_head.logit_fc.3.bias');
  });

  it('writes strided tensors in row-major order', async () => {
    const strided = pickledTensor({ shape: [3, 2], strides: [1, 3] });
    const file = pthFile(pickle(pickledDict({ a: strided })), { '0': floats(1, 2, 3, 4, 5, 6) });
    const checkpoint = await CheckpointFile.open(await folder.write('strided.pth', file));
    const entry = checkpoint.entries.get('a')!;
    const written = Buffer.concat([...writableFromEntry('a', checkpoint, 'a', entry, entry).chunks()]);
    expect(written).toEqual(floats(1, 4, 2, 5, 3, 6));
  });

  it('leaves out what is no part of LXMERT and says so', async () => {
    const original = await saved('more.pth', (parameters) => parameters.set('extra.buffer', ops.zeros([3])));
    const result = await convertCheckpoint(original.path, folder.path('less.pth'), { to: 'reference' });
    expect(result.leftOut).toEqual(['extra.buffer']);
    expect((await CheckpointFile.open(folder.path('less.pth'))).entries.has('extra.buffer')).toBe(false);
  });

  it('refuses an encoder that is not whole, and an ending that names no layout', async () => {
    const torn = await saved('torn.pth', (parameters) =>
      parameters.delete('bert.encoder.layer.1.output.dense.bias'),
    );
    expect(missingEncoderTensors(torn)).toEqual(['bert.encoder.layer.1.output.dense.bias']);
    const convert = convertCheckpoint(torn.path, folder.path('x.pth'), { to: 'reference' });
    await expect(convert).rejects.toThrow(/not whole: 1 of its tensors .*layer\.1\.output\.dense\.bias/);
    const wrong = convertCheckpoint(torn.path, folder.path('x.h5'), { to: 'reference' });
    await expect(wrong).rejects.toBeInstanceOf(UsageError);
    expect(describeCheckpoint(torn).loadedBy).toEqual([]);
    expect(renderDescription(describeCheckpoint(torn))).toMatch(/Missing .*layer\.1\.output\.dense\.bias/);
  });

  it('may write over its own input', async () => {
    const original = await saved('same.pth');
    const before = scope(() => original.tensor('bert.pooler.dense.weight').toFloat32Array());
    await convertCheckpoint(original.path, original.path, { to: 'reference' });
    const after = await CheckpointFile.open(original.path);
    expect(scope(() => after.tensor('bert.pooler.dense.weight').toFloat32Array())).toEqual(before);
  });
});

it('brings the masked-LM decoder back that safetensors files leave out', async () => {
  const original = await saved('without.safetensors', (parameters) => {
    addPretrainingHeads(parameters);
    parameters.delete('cls.predictions.decoder.weight');
  });
  expect(describeCheckpoint(original).numTensors).toBe(original.entries.size - 1);
  await convertCheckpoint(original.path, folder.path('with.pth'), { to: 'reference' });
  const description = describeCheckpoint(await CheckpointFile.open(folder.path('with.pth')));
  expect(description.tied).toEqual([
    ['bert.embeddings.word_embeddings.weight', 'cls.predictions.decoder.weight'],
  ]);
});

describe('config.json for Hugging Face', () => {
  it('says what the weights say, and the heads that are named', async () => {
    const original = await saved('h.pth', addPretrainingHeads);
    const target = folder.path('model/pytorch_model.bin');
    const { config } = await convertCheckpoint(original.path, target, {
      to: 'huggingface',
      numAttentionHeads: 4,
    });
    expect(config).toEqual({
      file: folder.path('model/config.json'),
      outcome: 'written',
      numAttentionHeads: 4,
    });
    const written = JSON.parse(await readFile(config!.file, 'utf8')) as Record<string, unknown>;
    expect(written).toMatchObject({
      architectures: ['LxmertForPreTraining'],
      model_type: 'lxmert',
      num_attention_heads: 4,
      hidden_size: 64,
      l_layers: 2,
      x_layers: 1,
      r_layers: 1,
      num_qa_labels: 5,
      num_object_labels: 40,
      task_obj_predict: true,
      visual_attr_loss: false,
      visual_feat_loss: true,
    });
    const convert = (numAttentionHeads: number) =>
      convertCheckpoint(original.path, target, { to: 'huggingface', numAttentionHeads });
    expect((await convert(4)).config?.outcome).toBe('kept');
    await expect(convert(2)).rejects.toThrow(/says 4 attention heads, but this model has 2/);
    expect(JSON.parse(await readFile(config!.file, 'utf8'))).toEqual(written);
  });

  it('says what the configuration beside the input says', async () => {
    const original = await saved('i.pth');
    const beside = folder.path('beside');
    await mkdir(beside);
    await copyFile(original.path, path.join(beside, 'BEST.pth'));
    const model = { ...small, numAttentionHeads: 2, hiddenDropout: 0.25, layerNormEps: 1e-6 };
    await writeFile(path.join(beside, 'config.json'), JSON.stringify({ model, maxLength: 20 }));
    const convert = (output: string) =>
      convertCheckpoint(path.join(beside, 'BEST.pth'), output, { to: 'huggingface' });
    const { config, notes } = await convert(folder.path('stated/model.safetensors'));
    expect(JSON.parse(await readFile(config!.file, 'utf8'))).toMatchObject({
      num_attention_heads: 2,
      hidden_dropout_prob: 0.25,
      attention_probs_dropout_prob: 0.1,
      layer_norm_eps: 1e-6,
    });
    expect(notes).toEqual([]);
    await expect(convert(path.join(beside, 'model.safetensors'))).rejects.toThrow(/configuration of a run/);
    await writeFile(path.join(beside, 'config.json'), JSON.stringify({ hidden_size: 32 }));
    await expect(convert(folder.path('other/model.bin'))).rejects.toThrow(
      /says hidden_size 32, but the tensors of .*BEST\.pth say 64/,
    );
  });

  it('says in words that heads are assumed', async () => {
    const original = await saved('j.pth');
    const alone = folder.path('assumed/BEST.pth');
    await mkdir(path.dirname(alone));
    await copyFile(original.path, alone);
    const { notes } = await convertCheckpoint(alone, folder.path('assumed2/model.bin'), {
      to: 'huggingface',
    });
    expect(notes.join()).toMatch(
      /nothing tells the number of attention heads; 1 is assumed.*--attention-heads/,
    );
  });
});

describe('describeCheckpoint', () => {
  it.each([
    [3129, 'VQA'],
    [1842, 'GQA'],
    [2, 'answers'],
    [7, 'answers'],
  ] as const)('%i answers: %s', async (numAnswers, kind) => {
    const checkpoint = await saved(`kind${numAnswers}.safetensors`, () => undefined, numAnswers);
    expect([modelKind(checkpoint), describeCheckpoint(checkpoint).numAnswers]).toEqual([kind, numAnswers]);
  });

  it("tells the pair head of NLVR2 by its two pooled vectors' width", async () => {
    const checkpoint = await saved(
      'nlvr2.pth',
      (parameters) => parameters.set('answer_head.logit_fc.0.weight', ops.zeros([128, 128])),
      2,
    );
    expect(modelKind(checkpoint)).toBe('NLVR2');
  });

  it('counts tied weights once, and names them', async () => {
    const description = describeCheckpoint(await saved('tied.pth', addPretrainingHeads));
    expect(description.numStoredValues - description.numUniqueValues).toBe(30 * 64);
    expect(description.kind).toBe('pre-training');
    expect(renderDescription(description)).toContain(
      'bert.embeddings.word_embeddings.weight = cls.predictions.decoder.weight',
    );
  });
});

describe('weights of another model', () => {
  const refusal = async (name: string, keep: (name: string) => boolean): Promise<string> => {
    const checkpoint = await saved(name, (parameters) => {
      for (const key of [...parameters.keys()]) if (!keep(key)) parameters.delete(key);
    });
    using model = questionAnsweringModel(small, 5);
    let message = '';
    try {
      loadWeights(checkpoint, model.namedParameters(), { require: 'encoder' });
    } catch (error) {
      message = (error as Error).message;
    }
    expect(() => describeCheckpoint(checkpoint)).toThrow(message);
    return message;
  };

  it('a plain BERT lacks the parts that see', async () => {
    const isBert = (name: string): boolean => /^bert\.(embeddings|encoder\.layer|pooler)\./.test(name);
    expect(await refusal('bert.pth', isBert)).toMatch(
      /plain BERT, without visual feature encoder \(visn_fc\), vision layers \(r_layers\), cross-modality layers \(x_layers\)/,
    );
  });

  it('a detector has no part at all', async () => {
    const checkpoint = await saved('other.pth', (parameters) => {
      parameters.clear();
      parameters.set('conv1.weight', ops.zeros([3, 3])).set('bn1.bias', ops.zeros([3]));
    });
    expect(() => describeCheckpoint(checkpoint)).toThrow(
      /no part of its encoder .*begin with conv1\.weight, bn1\.bias/,
    );
  });
});

describe('the golden pre-training file', () => {
  it('is described with what its makers wrote down', async () => {
    const index = JSON.parse(await readFile(goldenPath('index.json'), 'utf8')) as {
      model_files: { state_dict_keys: number; parameter_count: number };
    };
    const description = describeCheckpoint(await CheckpointFile.open(goldenPath('model_legacy.pth')));
    expect(description).toMatchObject({
      kind: 'pre-training',
      names: 'reference-pretraining',
      format: 'pth-legacy',
      numTensors: index.model_files.state_dict_keys,
      numUniqueValues: index.model_files.parameter_count,
      missing: [],
      others: [],
    });
    expect(description.loadedBy.join()).toContain('--loadLXMERTQA');
  });
});
