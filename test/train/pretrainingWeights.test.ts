import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CheckpointFile, loadWeights, saveCheckpoint } from '../../src/checkpoint/index.js';
import { writeByEnding } from '../../src/checkpoint/write/saveCheckpoint.js';
import { writableFromTensor } from '../../src/checkpoint/write/writableTensor.js';
import { AnswerTable } from '../../src/data/answerTable.js';
import { saveAnswerTable } from '../../src/data/answerTableFiles.js';
import { lxmertConfig, PretrainingModel, TIED_DECODER } from '../../src/model/index.js';
import { scope } from '../../src/torch/index.js';
import * as ops from '../../src/torch/operators/index.js';
import { loadPretrainingWeights } from '../../src/train/pretrainingWeights.js';

const sizes = {
  vocabSize: 30,
  hiddenSize: 8,
  numAttentionHeads: 2,
  intermediateSize: 12,
  numLanguageLayers: 1,
  numVisionLayers: 1,
  numCrossLayers: 1,
  maxPositionEmbeddings: 20,
  visualFeatureSize: 6,
} as const;
const classes = { numObjects: 5, numAttributes: 4, numAnswers: 3 };
const newModel = (changes: object = {}, numAnswers: number | undefined = 3) =>
  new PretrainingModel(lxmertConfig({ ...sizes, ...changes }), { ...classes, numAnswers });
const valuesOf = (model: PretrainingModel): Map<string, string> =>
  new Map([...model.namedParameters()].map(([name, tensor]) => [name, tensor.toFloat32Array().join()]));
const silent = (): void => undefined;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pretraining-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('a whole pre-training checkpoint', () => {
  it.each([
    ['model_LXRT.pth', 'reference-pretraining', 'bert.pooler.dense.bias'],
    ['pytorch_model.bin', 'huggingface', 'lxmert.pooler.dense.bias'],
    ['model.safetensors', 'huggingface', 'lxmert.pooler.dense.bias'],
  ] as const)('%s is written and read with all its names', async (name, family, pooler) => {
    using model = newModel();
    using other = newModel();
    const file = path.join(folder, name);
    await saveCheckpoint(file, model.checkpointTensors(), family);
    const checkpoint = await CheckpointFile.open(file);
    const names = checkpoint.parsed.entries.map((entry) => entry.name);
    expect(names).toContain(pooler);
    expect(names).toContain(TIED_DECODER);
    expect(names).toHaveLength(model.checkpointTensors().size);
    const report = await loadPretrainingWeights({ file, parts: 'all' }, other, undefined, silent);
    expect(report.unexpected).toEqual([]);
    expect(valuesOf(other)).toEqual(valuesOf(model));
  });

  it('is read with the names of a run on several GPUs', async () => {
    using model = newModel();
    using other = newModel();
    const file = path.join(folder, 'Epoch20_LXRT.pth');
    await writeByEnding(
      file,
      [...model.checkpointTensors()].map(([name, tensor]) => writableFromTensor(`module.${name}`, tensor)),
    );
    await loadPretrainingWeights({ file, parts: 'all' }, other, undefined, silent);
    expect(valuesOf(other)).toEqual(valuesOf(model));
  });

  it('gives everything but the answers when asked to', async () => {
    using model = newModel();
    using other = newModel({}, 7);
    const file = path.join(folder, 'other-answers_LXRT.pth');
    await saveCheckpoint(file, model.checkpointTensors(), 'reference-pretraining');
    const before = valuesOf(other);
    await loadPretrainingWeights({ file, parts: 'without-answers' }, other, undefined, silent);
    const source = valuesOf(model);
    for (const [name, values] of valuesOf(other)) {
      expect(values, name).toBe(name.startsWith('answer_head.') ? before.get(name) : source.get(name));
    }
    const whole = loadPretrainingWeights({ file, parts: 'all' }, other, undefined, silent);
    await expect(whole).rejects.toThrow('answer_head.logit_fc.3.weight has the shape (3, 16)');
  });

  it('is refused when the answers beside it are others', async () => {
    using model = newModel();
    const run = await mkdtemp(path.join(folder, 'run-'));
    const file = path.join(run, 'Epoch01_LXRT.pth');
    await saveCheckpoint(file, model.checkpointTensors(), 'reference-pretraining');
    await saveAnswerTable(new AnswerTable(['cat', 'dog', 'bird']), run);
    const load = (answers: string[]) =>
      loadPretrainingWeights({ file, parts: 'all' }, model, new AnswerTable(answers), silent);
    await load(['cat', 'dog', 'bird']);
    await expect(load(['dog', 'cat', 'bird'])).rejects.toThrow('another order');
  });
});

/** A BERT of two layers: what an LXMERT has of it, an extra layer, and names of old files. */
async function writeBert(
  file: string,
  model: PretrainingModel,
  nameOf: (canonical: string) => string,
): Promise<void> {
  const own = [...model.namedParameters()].filter(([name]) =>
    /^bert\.(embeddings|encoder\.layer|pooler)\./.test(name),
  );
  const extra = own
    .filter(([name]) => name.startsWith('bert.encoder.layer.0.'))
    .map(([name, tensor]) => [name.replace('layer.0.', 'layer.1.'), tensor] as const);
  await writeByEnding(
    file,
    [...own, ...extra].map(([name, tensor]) => writableFromTensor(nameOf(name), tensor)),
  );
}

describe('BERT weights', () => {
  it.each([
    ['bert.pth', (name: string) => name],
    [
      'old.bin',
      (name: string) =>
        name.replace(/(LayerNorm)\.weight$/, '$1.gamma').replace(/(LayerNorm)\.bias$/, '$1.beta'),
    ],
    ['bare.safetensors', (name: string) => name.replace(/^bert\./, '')],
  ])('of %s become the language part; vision and missing heads are drawn anew', async (name, nameOf) => {
    using bert = newModel();
    using model = newModel();
    scope(() => {
      const { tensor } = bert.leaves().get('bert.embeddings.LayerNorm.weight')!;
      ops.setData(tensor, ops.full([8], 3));
    });
    const file = path.join(folder, name);
    await writeBert(file, bert, nameOf);
    const before = valuesOf(model);
    const report = await loadPretrainingWeights({ file, parts: 'bert' }, model, undefined, silent);
    const source = valuesOf(bert);
    for (const [parameter, values] of valuesOf(model)) {
      const isOfBert = /^bert\.(embeddings|encoder\.layer|pooler)\./.test(parameter);
      expect(values, parameter).toBe((isOfBert ? source : before).get(parameter));
    }
    expect(report.unexpected.every((extra) => extra.startsWith('bert.encoder.layer.1.'))).toBe(true);
    expect(report.missing).toContain('cls.predictions.bias');
  });

  it('are refused when a language layer is not there', async () => {
    using bert = newModel();
    using model = newModel({ numLanguageLayers: 3 });
    const file = path.join(folder, 'short.pth');
    await writeBert(file, bert, (name) => name);
    const loading = loadPretrainingWeights({ file, parts: 'bert' }, model, undefined, silent);
    await expect(loading).rejects.toThrow('expected the whole language part of a BERT');
  });
});

it('loading a BERT as an LXMERT says what it is', async () => {
  using bert = newModel();
  const file = path.join(folder, 'plain.pth');
  await writeBert(file, bert, (name) => name);
  const checkpoint = await CheckpointFile.open(file);
  expect(() => loadWeights(checkpoint, bert.namedParameters(), { require: 'encoder' })).toThrow('plain BERT');
});
