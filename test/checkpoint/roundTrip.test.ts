import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CheckpointFile,
  loadWeights,
  modelKind,
  modelSizes,
  saveCheckpoint,
} from '../../src/checkpoint/index.js';
import { lxmertConfig, questionAnsweringModel } from '../../src/model/index.js';
import { manualSeed, scope, type Tensor, tensor } from '../../src/torch/index.js';
import * as ops from '../../src/torch/operators/index.js';
import { Golden, goldenPath, maxDifference } from '../support/golden.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'checkpoint-'));
});
afterAll(() => rm(folder, { recursive: true }));

const small = lxmertConfig({
  vocabSize: 30,
  hiddenSize: 8,
  numAttentionHeads: 2,
  intermediateSize: 12,
  numLanguageLayers: 2,
  numVisionLayers: 1,
  numCrossLayers: 1,
  maxPositionEmbeddings: 20,
  visualFeatureSize: 6,
});

function values(tensors: ReadonlyMap<string, Tensor>): Map<string, number[]> {
  return new Map([...tensors].map(([name, each]) => [name, [...each.toFloat32Array()]]));
}

describe.each([
  ['BEST.pth', 'reference-finetuned', 'lxrt_encoder.model.bert.pooler.dense.bias'],
  ['model.safetensors', 'huggingface', 'lxmert.pooler.dense.bias'],
  ['pytorch_model.bin', 'huggingface', 'lxmert.pooler.dense.bias'],
  ['EpochX_LXRT.pth', 'reference-pretraining', 'bert.pooler.dense.bias'],
] as const)('%s with names of %s', (name, family, expectedName) => {
  it('comes back equal in another model', async () => {
    const file = path.join(folder, name);
    using model = questionAnsweringModel(small, 5);
    using other = questionAnsweringModel(small, 5);
    await saveCheckpoint(file, model.namedParameters(), family);
    const checkpoint = await CheckpointFile.open(file);
    expect(checkpoint.parsed.entries.map((entry) => entry.name)).toContain(expectedName);
    expect(checkpoint.family).toBe(family);
    expect(modelSizes(checkpoint)).toEqual({
      vocabSize: 30,
      hiddenSize: 8,
      intermediateSize: 12,
      numLanguageLayers: 2,
      numVisionLayers: 1,
      numCrossLayers: 1,
      maxPositionEmbeddings: 20,
      typeVocabSize: 2,
      visualFeatureSize: 6,
      visualBoxSize: 4,
    });
    expect(modelKind(checkpoint)).toBe('answers');
    const report = loadWeights(checkpoint, other.namedParameters(), { require: 'all' });
    expect([report.missing, report.unexpected, report.reshaped]).toEqual([[], [], []]);
    expect(values(other.namedParameters())).toEqual(values(model.namedParameters()));
  });
});

describe('dtypes', () => {
  it.each(['x.pth', 'x.safetensors'])('survive in %s, tied and strided tensors too', async (name) => {
    const file = path.join(folder, name);
    manualSeed(3);
    using base = ops.randn([4, 6]);
    const tensors = new Map<string, Tensor>([
      ['strided', ops.transpose(base, 0, 1)],
      ['tied', base],
      ['tied_again', base],
      ['scalar', tensor([2.5], [])],
      ['empty', tensor([], [0, 3])],
      ...(
        ['float64', 'float16', 'bfloat16', 'int64', 'int32', 'int16', 'int8', 'uint8', 'bool'] as const
      ).map((dtype): [string, Tensor] => [dtype, tensor([0, 1, 1, 0, 1, 1], [2, 3], dtype)]),
    ]);
    await saveCheckpoint(file, tensors, 'reference-pretraining');
    const checkpoint = await CheckpointFile.open(file);
    scope(() => {
      for (const [key, expected] of tensors) {
        const actual = checkpoint.tensor(key);
        expect([key, actual.dtype, actual.shape]).toEqual([key, expected.dtype, expected.shape]);
        expect(maxDifference(actual.toFloat32Array(), expected.toFloat32Array()), key).toBe(0);
      }
    });
    for (const each of tensors.values()) each.dispose();
  });
});

describe('the golden files', () => {
  it.each(['model_legacy.pth', 'model_zip.pth'])('%s has the recorded sums', async (name) => {
    const checkpoint = await CheckpointFile.open(goldenPath(name));
    const recorded = (
      new Golden().index as unknown as {
        model_files: { tensors: Record<string, { sum: number; sumsq: number }> };
      }
    ).model_files.tensors;
    expect([...checkpoint.entries.keys()].sort()).toEqual(Object.keys(recorded).sort());
    for (const [key, { sum, sumsq }] of Object.entries(recorded)) {
      scope(() => {
        const numbers = checkpoint.tensor(key).toFloat32Array();
        expect(
          numbers.reduce((total, x) => total + x, 0),
          key,
        ).toBeCloseTo(sum, 6);
        expect(
          numbers.reduce((total, x) => total + x * x, 0),
          key,
        ).toBeCloseTo(sumsq, 6);
      });
    }
    expect(modelKind(checkpoint)).toBe('pre-training');
  });
});

describe('a file that does not fit', () => {
  it('is refused whole when the encoder is not whole, and names what is missing', async () => {
    const file = path.join(folder, 'fewer.pth');
    using fewer = questionAnsweringModel({ ...small, numLanguageLayers: 1 }, 5);
    using model = questionAnsweringModel(small, 5);
    await saveCheckpoint(file, fewer.namedParameters(), 'reference-finetuned');
    const before = values(model.namedParameters());
    const checkpoint = await CheckpointFile.open(file);
    expect(() => loadWeights(checkpoint, model.namedParameters(), { require: 'encoder' })).toThrow(
      /bert\.encoder\.layer\.1\.attention\.self\.query\.weight.* and 13 more/,
    );
    expect(values(model.namedParameters())).toEqual(before);
  });

  it('reports a head of another size and loads the encoder', async () => {
    const file = path.join(folder, 'head.pth');
    using source = questionAnsweringModel(small, 7);
    using model = questionAnsweringModel(small, 5);
    await saveCheckpoint(file, source.namedParameters(), 'reference-finetuned');
    const report = loadWeights(await CheckpointFile.open(file), model.namedParameters(), {
      require: 'encoder',
    });
    expect(report.reshaped.map((each) => each.name)).toEqual([
      'answer_head.logit_fc.3.weight',
      'answer_head.logit_fc.3.bias',
    ]);
  });

  it.each([
    ['', 'empty'],
    ['<!DOCTYPE html><html><body>Sign in</body></html>', 'HTML'],
    ['version https://git-lfs.github.com/spec/v1\nsize 5\n', 'git-lfs'],
    ['{"error": "not found"}', 'JSON'],
    ['PK\x03\x04 and nothing more', 'zip'],
  ])('gets its own sentence: %j', async (content, expected) => {
    const file = path.join(folder, 'bad.pth');
    await writeFile(file, content, 'latin1');
    await expect(CheckpointFile.open(file)).rejects.toThrow(expected);
    await expect(CheckpointFile.open(file)).rejects.toThrow(file);
  });

  it('never crashes or hangs on a truncated file', async () => {
    const whole = path.join(folder, 'whole.pth');
    using model = questionAnsweringModel(small, 5);
    await saveCheckpoint(whole, model.namedParameters(), 'reference-finetuned');
    const { size } = await stat(whole);
    const bytes = await import('node:fs/promises').then((fs) => fs.readFile(whole));
    for (let length = 1; length < size; length += Math.floor(size / 40)) {
      const file = path.join(folder, 'cut.pth');
      await writeFile(file, bytes.subarray(0, length));
      await expect(CheckpointFile.open(file), `cut to ${length} bytes`).rejects.toThrow(file);
    }
  });
});
