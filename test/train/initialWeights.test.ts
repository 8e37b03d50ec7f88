import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { saveCheckpoint } from '../../src/checkpoint/index.js';
import { AnswerTable } from '../../src/data/answerTable.js';
import { lxmertConfig, type QuestionAnsweringModel, questionAnsweringModel } from '../../src/model/index.js';
import { loadInitialWeights } from '../../src/train/initialWeights.js';

const small = lxmertConfig({
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

let folder = '';
let file = '';
const pretrainingAnswers = new AnswerTable(['cat', 'dog', '2', 'gray']);
const rowsOf = (model: QuestionAnsweringModel): number[][] => {
  const bias = [...model.namedParameters().get('answer_head.logit_fc.3.bias')!.toFloat32Array()];
  const weight = model.namedParameters().get('answer_head.logit_fc.3.weight')!.toFloat32Array();
  return bias.map((value, i) => [value, ...weight.subarray(16 * i, 16 * (i + 1))]);
};

describe('loadInitialWeights', () => {
  let pretrained: number[][] = [];
  let pooler: Float32Array;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'weights-'));
    file = path.join(folder, 'model_LXRT.pth');
    using model = questionAnsweringModel(small, pretrainingAnswers.size);
    pretrained = rowsOf(model);
    pooler = model.namedParameters().get('bert.pooler.dense.weight')!.toFloat32Array();
    await saveCheckpoint(file, model.namedParameters(), 'reference-pretraining');
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('answers: takes the encoder and the rows of answers that both tables have', async () => {
    const table = new AnswerTable(['Grey', 'a bird', 'two', 'the cat']);
    using model = questionAnsweringModel(small, table.size);
    const lines: string[] = [];
    const weights = { file, parts: 'answers', pretrainingAnswers } as const;
    await loadInitialWeights(weights, model.namedParameters(), table, (line) => lines.push(line));
    expect(rowsOf(model)).toEqual([pretrained[3], new Array(17).fill(0), pretrained[2], pretrained[0]]);
    expect(model.namedParameters().get('bert.pooler.dense.weight')!.toFloat32Array()).toEqual(pooler);
    expect(lines.join('\n')).toMatch(/Loaded \d+ tensors[\s\S]*\n3 of 4 answers start/);
  });

  it('encoder: leaves the head as it was drawn', async () => {
    using model = questionAnsweringModel(small, 2);
    const before = rowsOf(model);
    const table = new AnswerTable(['cat', 'dog']);
    await loadInitialWeights({ file, parts: 'encoder' }, model.namedParameters(), table, () => undefined);
    expect(rowsOf(model)).toEqual(before);
    expect(model.namedParameters().get('bert.pooler.dense.weight')!.toFloat32Array()).toEqual(pooler);
  });

  it('stops when no answer is known', async () => {
    const table = new AnswerTable(['bird']);
    using model = questionAnsweringModel(small, 1);
    const weights = { file, parts: 'answers', pretrainingAnswers } as const;
    const loading = loadInitialWeights(weights, model.namedParameters(), table, () => undefined);
    await expect(loading).rejects.toThrow(/No answer of this run's table \(1\) is among the 4/);
  });
});
