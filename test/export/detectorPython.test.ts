import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { Random } from '../../src/common/random.js';
import { exportDetector } from '../../src/export/index.js';
import { ENGINES, SMALL_FILES, writeSmallDetectors } from '../support/exportedDetectors.js';
import { runPython } from '../support/python.js';
import { needing } from '../support/skips.js';
import { SMALL_DETECTOR } from '../support/tinyLxmert.js';

const { describe, it } = needing('python');
const HELPER = 'test/support/onnx_file.py';
const PRECISIONS = ['float32', 'float16'] as const;
const RULES = ['caffe', 'detectron2'] as const;

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'lxmert-detector-python-'));
  writeSmallDetectors(folder);
  for (const rules of RULES) {
    for (const precision of PRECISIONS) {
      await exportDetector({
        detector: path.join(folder, SMALL_FILES[rules]),
        out: path.join(folder, rules),
        precision,
        architecture: SMALL_DETECTOR,
      });
    }
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

const graph = (rules: string, name: string): string => path.join(folder, rules, 'onnx', `${name}.onnx`);

interface Numbers {
  readonly dims: readonly number[];
  readonly data: readonly number[];
}

describe('the graphs of an exported detector', () => {
  it('are sound to the ONNX checker', () => {
    const names = ['backbone', 'region_head', 'backbone_fp16', 'region_head_fp16'];
    runPython(HELPER, ['check', ...RULES.flatMap((rules) => names.map((name) => graph(rules, name)))]);
  });

  it.each(['onnxruntime', 'openvino'])('give the same in Python on %s', async (engine) => {
    const random = new Random(2);
    const drawn = (...dims: number[]): Numbers => {
      const count = dims.reduce((product, size) => product * size, 1);
      return { dims, data: Array.from({ length: count }, () => Math.fround(2 * random.uniform() - 1)) };
    };
    const boxes: Numbers = { dims: [3, 4], data: [0, 0, 90, 60, 8, 24, 40, 56, 30, 10, 30, 10] };
    const runs: (readonly [string, string, Readonly<Record<string, Numbers>>])[] = [
      ['caffe', 'backbone', { image: drawn(1, 3, 61, 94) }],
      ['caffe', 'region_head', { feature_map: drawn(1, 5, 4, 6), boxes }],
      ['detectron2', 'region_head', { feature_map: drawn(1, 5, 4, 6), boxes }],
    ];
    for (const [rules, name, inputs] of runs) {
      const session = await ENGINES['onnxruntime-node'].createSession({ model: graph(rules, name) });
      const feeds = Object.entries(inputs).map(
        ([key, { dims, data }]) =>
          [key, { type: 'float32' as const, dims, data: Float32Array.from(data) }] as const,
      );
      const expected = await session.run(Object.fromEntries(feeds), session.outputNames);
      await session.dispose();
      const typed = feeds.map(([key, each]) => [key, { ...each, data: [...each.data] }] as const);
      const text = runPython(
        HELPER,
        ['run', engine, graph(rules, name)],
        JSON.stringify(Object.fromEntries(typed)),
      );
      const found = JSON.parse(text) as Record<string, Numbers>;
      for (const [output, { dims, data }] of Object.entries(expected)) {
        expect(found[output]!.dims, output).toEqual(dims);
        const numbers = data as Float32Array;
        const largest = numbers.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        found[output]!.data.forEach((value, i) => {
          expect(Math.abs(value - numbers[i]!), output).toBeLessThanOrEqual(1e-5 * largest);
        });
      }
    }
  });
});
