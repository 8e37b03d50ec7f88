import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportModel } from '../../src/export/index.js';
import { modelOf } from '../../src/export/modelFiles.js';
import { type CheckedGraph, checkExport } from '../../src/export/selfCheck.js';
import { disposeModels } from '../../src/inference/ensemble.js';
import { type LoadedModel, loadModel } from '../../src/inference/modelFolder.js';
import { writeSmallRun } from '../support/tinyLxmert.js';

const folder = mkdtempSync(path.join(tmpdir(), 'lxmert-check-'));
const at = (...parts: string[]): string => path.join(folder, ...parts);
beforeAll(async () => {
  for (const seed of [5, 6]) {
    for (const imagesPerExample of [1, 2]) {
      await writeSmallRun(at(`run-${seed}-${imagesPerExample}`), { seed, imagesPerExample });
    }
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

function checkedGraph(loaded: LoadedModel<string>, precision: CheckedGraph['precision']): CheckedGraph {
  const model = modelOf(loaded);
  return { model, heads: model.heads, pooled: true, maxLength: loaded.maxLength, precision };
}

describe('the check after an export', () => {
  it.each([1, 2])('finds rounding and nothing else, with %i images', async (images) => {
    const source = { model: at(`run-5-${images}`) };
    const outputs = ['answers', 'pooled'] as const;
    const found: number[] = [];
    for (const precision of ['float32', 'float16', 'int8'] as const) {
      const exported = await exportModel({ source, out: at(`out-${images}`), precision, outputs });
      expect(exported.check?.engine).toBe('onnxruntime-node');
      found.push(exported.check?.difference ?? Number.NaN);
    }
    const [float32 = 0, float16 = 0, int8 = 0] = found;
    expect(float32).toBeGreaterThan(0);
    expect(float32).toBeLessThan(2e-5);
    expect(float16).toBeGreaterThan(float32);
    expect(int8).toBeGreaterThan(float32);
    expect(Math.max(float16, int8)).toBeLessThan(0.25);
  });

  it.each([1, 2])('refuses a graph that gives other numbers, with %i images', async (images) => {
    const out = at(`other-${images}`);
    const outputs = ['answers', 'pooled'] as const;
    const source = { model: at(`run-6-${images}`) };
    await exportModel({ source, out, precision: 'float32', outputs, check: false });
    const files = { model: path.join(out, 'onnx/model.onnx'), externalData: undefined };
    const loaded = await loadModel({ model: at(`run-5-${images}`) });
    try {
      await expect(checkExport(files, checkedGraph(loaded, 'float32'))).rejects.toThrow(
        'The exported graph gives other numbers than the model',
      );
    } finally {
      disposeModels(loaded);
    }
  });

  it('says what it means that the graph cannot be loaded', async () => {
    const loaded = await loadModel({ model: at('run-5-1') });
    const broken = at('broken.onnx');
    writeFileSync(broken, 'no graph');
    const files = { model: broken, externalData: undefined };
    try {
      await expect(checkExport(files, checkedGraph(loaded, 'float32'))).rejects.toThrow(
        'onnxruntime-node cannot load the graph that was written, so it was not compared with the model',
      );
    } finally {
      disposeModels(loaded);
    }
  });

  it('reads weights that lie apart', async () => {
    const options = { source: { model: at('run-5-1') }, precision: 'float32', externalData: true } as const;
    const { check } = await exportModel({ ...options, out: at('apart') });
    expect(check?.difference).toBeLessThan(2e-5);
  });
});
