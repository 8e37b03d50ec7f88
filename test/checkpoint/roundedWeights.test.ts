/** @file Weights in 8 bits as a file: size, values, what reads it back and what is refused. */

import { readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  CheckpointFile,
  convertCheckpoint,
  describeCheckpoint,
  loadWeights,
  readingNotes,
  saveCheckpoint,
} from '../../src/checkpoint/index.js';
import { isRounded } from '../../src/checkpoint/roundedWeights.js';
import { lxmertConfig, questionAnsweringModel } from '../../src/model/index.js';
import { noGrad, scope } from '../../src/torch/index.js';
import * as ops from '../../src/torch/operators/index.js';
import { temporaryFolder } from './bytes.js';

const folder = temporaryFolder();

const small = lxmertConfig({
  vocabSize: 300,
  hiddenSize: 64,
  numAttentionHeads: 1,
  intermediateSize: 128,
  numLanguageLayers: 2,
  numVisionLayers: 1,
  numCrossLayers: 1,
  maxPositionEmbeddings: 20,
  visualFeatureSize: 64,
});

/** A small model's file, and the same in 8 bits. */
async function convert(name: string): Promise<{ exact: CheckpointFile; rounded: CheckpointFile }> {
  using model = questionAnsweringModel(small, 30);
  noGrad(() => {
    for (const [each, tensor] of model.namedParameters()) if (each.endsWith('bias')) ops.fill_(tensor, 0.5);
  });
  await saveCheckpoint(folder.path(`${name}.pth`), model.namedParameters(), 'reference-finetuned');
  const output = folder.path(`${name}-int8.safetensors`);
  await convertCheckpoint(folder.path(`${name}.pth`), output, { to: 'reference', precision: 'int8' });
  return {
    exact: await CheckpointFile.open(folder.path(`${name}.pth`)),
    rounded: await CheckpointFile.open(output),
  };
}

describe('a checkpoint in 8 bits', () => {
  it('holds every value within half a step, and what is small or no matrix as it was', async () => {
    const { exact, rounded } = await convert('values');
    expect([...rounded.entries.keys()].sort()).toEqual([...exact.entries.keys()].sort());
    for (const [name, entry] of exact.entries) {
      const [given, found] = scope(() => [
        exact.tensor(name).toFloat32Array(),
        rounded.tensor(name).toFloat32Array(),
      ]) as [Float32Array, Float32Array];
      expect(rounded.entries.get(name)?.dtype).toBe(isRounded(name, entry.shape) ? 'int8' : 'float32');
      const width = entry.shape[1] ?? 0;
      for (const [i, value] of given.entries()) {
        const row = isRounded(name, entry.shape) ? Math.floor(i / width) : undefined;
        const largest =
          row === undefined ? 0 : Math.max(...given.subarray(row * width, (row + 1) * width).map(Math.abs));
        expect(Math.abs(value - (found[i] ?? Number.NaN))).toBeLessThanOrEqual((0.5001 * largest) / 127);
      }
    }
  });

  it('takes about a quarter of the space', async () => {
    const { exact, rounded } = await convert('size');
    const bytes = [...exact.entries].map(([name, { shape, numElements }]) => ({
      name,
      before: 4 * numElements,
      now: isRounded(name, shape) ? numElements + 4 * (shape[0] ?? 0) : 4 * numElements,
    }));
    const header = 8 + Number(readFileSync(rounded.path).readBigUInt64LE(0));
    expect(rounded.numBytes - header).toBe(bytes.reduce((sum, { now }) => sum + now, 0));
    const layers = bytes.filter(({ name }) => /^bert\.(encoder|embeddings\.word)/.test(name));
    const share = (of: 'before' | 'now') => layers.reduce((sum, each) => sum + each[of], 0);
    expect(share('now') / share('before')).toBeLessThan(0.3);
    expect(statSync(rounded.path).size).toBe(rounded.numBytes);
  });

  it('is read back by a model, described, and made plain again', async () => {
    const { rounded } = await convert('read');
    using model = questionAnsweringModel(small, 30);
    const report = loadWeights(rounded, model.namedParameters(), { require: 'all' });
    expect(report.missing).toEqual([]);
    expect(describeCheckpoint(rounded).dtypes.int8).toBeGreaterThan(20);
    expect(readingNotes(rounded)).toEqual([expect.stringContaining('rounded to 8 bits')]);
    const again = folder.path('again.safetensors');
    await convertCheckpoint(rounded.path, again, { to: 'huggingface' });
    const plain = await CheckpointFile.open(again);
    for (const name of rounded.entries.keys()) {
      expect(plain.entries.get(name)?.dtype).toBe('float32');
      scope(() => {
        expect(plain.tensor(name).toFloat32Array()).toEqual(rounded.tensor(name).toFloat32Array());
      });
    }
  });

  it('gives the same bytes when what it stands for is rounded again', async () => {
    const { rounded } = await convert('twice');
    const again = folder.path('twice-again.safetensors');
    await convertCheckpoint(rounded.path, again, { to: 'reference', precision: 'int8' });
    const second = await CheckpointFile.open(again);
    for (const [name, { scales }] of rounded.entries) {
      if (scales === undefined) continue;
      const bytes = ({
        storage: { file, byteOffset, numElements },
      }: {
        storage: { file: string; byteOffset: number; numElements: number };
      }) => readFileSync(file).subarray(byteOffset, byteOffset + numElements);
      expect(bytes(second.entries.get(name)!).equals(bytes(rounded.entries.get(name)!))).toBe(true);
    }
  });

  it('is refused with an altered byte, without a scale, and by the ending of torch', async () => {
    const { exact, rounded } = await convert('altered');
    const bytes = readFileSync(rounded.path);
    const { byteOffset } = rounded.entries.get('bert.encoder.layer.0.output.dense.weight')!.storage;
    const altered = Buffer.from(bytes);
    altered[byteOffset] = (altered[byteOffset] ?? 0) ^ 1;
    writeFileSync(folder.path('altered.safetensors'), altered);
    const broken = await CheckpointFile.open(folder.path('altered.safetensors'));
    expect(() => scope(() => broken.tensor('bert.encoder.layer.0.output.dense.weight'))).toThrow(
      /checksum|bytes/,
    );
    const renamed = Buffer.from(
      bytes
        .toString('latin1')
        .replace('layer.0.output.dense.weight_scale', 'layer.0.output.dense.weight_spare'),
      'latin1',
    );
    writeFileSync(folder.path('unscaled.safetensors'), renamed);
    await expect(CheckpointFile.open(folder.path('unscaled.safetensors'))).rejects.toThrow(
      'bert.encoder.layer.0.output.dense.weight is in 8 bits and needs',
    );
    const output = path.join(path.dirname(rounded.path), 'int8.pth');
    await expect(
      convertCheckpoint(exact.path, output, { to: 'reference', precision: 'int8' }),
    ).rejects.toThrow('Let it end in .safetensors');
  });
});
