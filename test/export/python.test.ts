import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { exportModel } from '../../src/export/index.js';
import { type FeatureRow, formatObj36Row } from '../../src/features/index.js';
import { Lxmert } from '../../src/inference/lxmert.js';
import { LxmertImage } from '../../src/inference/lxmertImage.js';
import { runPython } from '../support/python.js';
import { needing } from '../support/skips.js';
import { ANSWERS, writeSmallRun } from '../support/tinyLxmert.js';

const { describe, it } = needing('python');
const HELPER = 'test/support/onnx_file.py';
const PRECISIONS = ['float32', 'float16', 'int8'] as const;
const QUESTION = 'What color is the cats?';
const [NUM_REGIONS, FEATURE_SIZE] = [5, 7];

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'lxmert-python-'));
  const run = path.join(folder, 'run');
  await writeSmallRun(run);
  for (const precision of PRECISIONS) {
    await exportModel({
      source: { model: run },
      out: path.join(folder, 'out'),
      precision,
      outputs: ['answers', 'attentions', 'pooled'],
    });
  }
  await writeFile(path.join(folder, 'regions.tsv'), formatObj36Row(ROW));
});
afterAll(() => rmSync(folder, { recursive: true }));

const ROW: FeatureRow = {
  imageId: 'picture',
  height: 60,
  width: 80,
  numBoxes: NUM_REGIONS,
  objectsId: new BigInt64Array(NUM_REGIONS),
  objectsConf: new Float32Array(NUM_REGIONS).fill(0.5),
  attrsId: new BigInt64Array(NUM_REGIONS),
  attrsConf: new Float32Array(NUM_REGIONS).fill(0.5),
  boxes: Float32Array.from(
    Array.from({ length: NUM_REGIONS }, (_, i) => [5 * i, 3 * i, 20 + 10 * i, 15 + 9 * i]).flat(),
  ),
  features: Float32Array.from({ length: NUM_REGIONS * FEATURE_SIZE }, (_, i) => (i % 11) / 5),
};

interface Output {
  readonly dims: readonly number[];
  readonly data: readonly number[];
}

function graphOf(precision: (typeof PRECISIONS)[number]): string {
  const file = { float32: 'model', float16: 'model_fp16', int8: 'model_quantized' }[precision];
  return path.join(folder, 'out/onnx', `${file}.onnx`);
}

function inputs(): Record<string, Output & { readonly type: string }> {
  const whole = (data: readonly number[], dims: readonly number[]) => ({ type: 'int64', dims, data });
  const real = (data: Iterable<number>, dims: readonly number[]) => ({
    type: 'float32',
    dims,
    data: [...data],
  });
  const shares = ROW.boxes.map((value, i) => value / (i % 2 === 0 ? ROW.width : ROW.height));
  return {
    input_ids: whole([2, 5, 6, 7, 3, 2, 9, 11, 10, 3], [2, 5]),
    attention_mask: whole([1, 1, 1, 1, 1, 1, 1, 1, 1, 0], [2, 5]),
    token_type_ids: whole(Array(10).fill(0), [2, 5]),
    visual_feats: real(ROW.features, [1, NUM_REGIONS, FEATURE_SIZE]),
    visual_pos: real(shares, [1, NUM_REGIONS, 4]),
    visual_attention_mask: whole(Array(NUM_REGIONS).fill(1), [1, NUM_REGIONS]),
  };
}

function run(engine: string, precision: (typeof PRECISIONS)[number]): Record<string, Output> {
  const text = runPython(HELPER, ['run', engine, graphOf(precision)], JSON.stringify(inputs()));
  return JSON.parse(text) as Record<string, Output>;
}

/** Largest difference between outputs, as a share of the largest value. */
function differenceOf(found: Output | undefined, expected: Output | undefined): number {
  expect(found?.dims).toEqual(expected?.dims);
  const values = expected?.data ?? [];
  const largest = Math.max(...values.map(Math.abs));
  return Math.max(...values.map((value, i) => Math.abs(value - (found?.data[i] ?? Number.NaN)))) / largest;
}

describe('an exported model in Python', () => {
  it('is found valid by the checker of ONNX, in every precision', () => {
    expect(runPython(HELPER, ['check', ...PRECISIONS.map(graphOf)])).toBe('');
  });

  it('has the same outputs in ONNX Runtime and OpenVINO', () => {
    const [expected, found] = [run('onnxruntime', 'float32'), run('openvino', 'float32')];
    expect(Object.keys(expected)).toHaveLength(2 + 1 + 1 + 2 * 2);
    for (const [name, output] of Object.entries(expected)) {
      expect(differenceOf(found[name], output), name).toBeLessThan(2e-5);
    }
  });

  it.each(['float16', 'int8'] as const)('is near float32 in %s, in both', (precision) => {
    const expected = run('onnxruntime', 'float32').logits;
    for (const engine of ['onnxruntime', 'openvino']) {
      const difference = differenceOf(run(engine, precision).logits, expected);
      // Few numbers in each sum, and weights far larger than trained ones: full models are nearer by far.
      expect(difference, engine).toBeLessThan(precision === 'int8' ? 0.15 : 5e-3);
      // Rounded it is: float32 would be nearer.
      expect(difference, engine).toBeGreaterThan(2e-5);
    }
  });
});

describe('the examples in Python', () => {
  it.each(['answer_onnxruntime', 'answer_openvino'])(
    '%s.py gives the answer of the main path',
    async (name) => {
      using lxmert = await Lxmert.load({ model: path.join(folder, 'run') });
      const row = LxmertImage.fromRow({ row: ROW, provenance: undefined });
      const { answers } = await lxmert.answer(row, QUESTION);
      const arguments_ = [path.join(folder, 'out'), path.join(folder, 'regions.tsv'), ROW.imageId, QUESTION];
      expect(runPython(`examples/python/${name}.py`, arguments_)).toBe(`${answers[0]?.answer}\n`);
      expect(ANSWERS).toContain(answers[0]?.answer);
    },
  );
});
