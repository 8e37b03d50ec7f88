/** @file What doctor knows of ONNX Runtime, and that it sees a sample model which is not whole. */

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { sampleModelFolder } from '../../src/common/sampleAssets.js';
import { examineEngines, examineModel } from '../../src/runtime/node/index.js';

const folder = mkdtempSync(path.join(tmpdir(), 'examine-engines-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('finds both engines of a clone', async () => {
  const engines = await examineEngines();
  expect(engines.map(({ name }) => name)).toEqual(['onnxruntime-node', 'onnxruntime-web']);
  for (const { info, problem } of engines) {
    expect(problem).toBeNull();
    expect(info?.version).toMatch(/^1\.\d+\.\d+$/);
  }
});

it('loads the model that comes along, and tells one whose weights were changed', async () => {
  expect(await examineModel(sampleModelFolder())).toMatchObject({
    problem: null,
    precision: 'int8',
    description: expect.stringMatching(/\d\d\.\d %/) as string,
  });
  const copy = path.join(folder, 'model');
  cpSync(sampleModelFolder(), copy, { recursive: true });
  const file = path.join(copy, 'onnx/model_quantized.onnx');
  const bytes = readFileSync(file);
  bytes[500_000] = (bytes[500_000] as number) ^ 1;
  writeFileSync(file, bytes);
  const { problem } = await examineModel(copy);
  expect(problem).toMatch(/model_quantized\.onnx was changed after the export/);
});
