import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportModel } from '../../src/export/index.js';
import { Int8Layers, roundRows } from '../../src/export/int8Layers.js';
import { GraphBuilder, writeModel } from '../../src/onnx/index.js';
import { ModelProtoSchema } from '../../src/onnx/schema/onnx_pb.js';
import { scope, type Tensor, tensor } from '../../src/torch/index.js';
import { writeSmallRun } from '../support/tinyLxmert.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'lxmert-int8-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Numbers between -1 and 1, some of them large, from a rule of their own. */
function drawn(count: number, seed: number): number[] {
  let state = seed;
  return Array.from({ length: count }, (_, i) => {
    state = (1103515245 * state + 12345) % 2147483648;
    return Math.fround((state / 2147483648 - 0.5) * (i % 7 === 0 ? 2 : 0.6));
  });
}

/** The rule, written out: the smallest step for which no number exceeds 127 and no two neighbours together 152. */
function stepOf(row: readonly number[]): number {
  let step = 0;
  for (let i = 0; i < row.length; i++) step = Math.max(step, Math.abs(row[i] as number) / 127);
  for (let i = 0; i < row.length; i += 2) {
    step = Math.max(step, Math.abs((row[i] as number) + (row[i + 1] ?? 0)) / 152);
  }
  return step === 0 ? 1 : step;
}

/** To the nearest whole number, halves to the even one. */
function rounded(value: number): number {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}

function rowsOf(values: readonly number[], length: number): number[][] {
  return Array.from({ length: values.length / length }, (_, i) => values.slice(i * length, (i + 1) * length));
}

describe('rows in 8 bits', () => {
  it.each([6, 7])('have the steps of the rule, %i numbers each', (length) => {
    const values = [...drawn(5 * length, 3), ...Array<number>(length).fill(0)];
    scope(() => {
      const { rows, steps } = roundRows(tensor(values, [6, length]));
      const expected = rowsOf(values, length).map(stepOf);
      expect(steps.shape).toEqual([6, 1]);
      steps.toFloat32Array().forEach((step, i) => {
        expect(step).toBeCloseTo(expected[i] as number, 7);
      });
      const found = [...rows.toFloat32Array()];
      expect(found).toEqual(
        values.map((value, i) => rounded(value / (expected[Math.floor(i / length)] ?? 1))),
      );
      expect(Math.max(...found.map(Math.abs))).toBeLessThanOrEqual(127);
    });
  });

  it('are coarser where neighbours are both large, and nowhere else', () => {
    scope(() => {
      const step = (...row: number[]): number => roundRows(tensor(row, [1, row.length])).steps.item();
      expect(step(127, -127, 1, 2)).toBeCloseTo(1, 6);
      expect(step(127, 25, 1, 2)).toBeCloseTo(1, 6);
      expect(step(25, 127, 127, 1)).toBeCloseTo(1, 6);
      expect(step(127, 127, 1, 2)).toBeCloseTo(254 / 152, 6);
    });
  });
});

describe('a dense layer in 8 bits', () => {
  it('computes what whole numbers give, with one rounding for all that read the same values', async () => {
    const [numIn, numOut] = [10, 4];
    const x = drawn(3 * numIn, 11);
    const layers = [5, 6].map((seed) => ({
      weights: drawn(numOut * numIn, seed),
      biases: drawn(numOut, seed + 50),
    }));
    const graph = new GraphBuilder('dense', 20);
    const input = graph.input('x', 'float32', ['rows', numIn]);
    const writer = new Int8Layers();
    const tensors: Tensor[] = [];
    layers.forEach(({ weights, biases }, i) => {
      const [weight, bias] = [tensor(weights, [numOut, numIn]), tensor(biases, [numOut])];
      tensors.push(weight, bias);
      const { name } = writer.dense(
        graph,
        { name: input, isTurned: false },
        {
          name: `bert.encoder.${i}`,
          weights: [weight],
          biases: [bias],
        },
      );
      graph.output(name, 'float32', ['rows', numOut]);
    });
    const file = path.join(folder, 'dense.onnx');
    await writeModel(file, graph.build());
    for (const each of tensors) each.dispose();

    const { nodes } = await operatorsOf(file);
    expect(nodes.filter((operator) => operator === 'DynamicQuantizeLinear')).toHaveLength(1);
    const session = await ort.InferenceSession.create(file);
    const found = await session.run({ x: new ort.Tensor('float32', Float32Array.from(x), [3, numIn]) });
    await session.release();

    const [least, most] = [Math.min(0, ...x), Math.max(0, ...x)];
    const scale = (most - least) / 255;
    const counts = x.map((value) => rounded(value / scale));
    layers.forEach(({ weights, biases }, i) => {
      const expected = rowsOf(counts, numIn).flatMap((row) =>
        rowsOf(weights, numIn).map((weight, channel) => {
          const step = stepOf(weight);
          const sum = row.reduce(
            (total, count, k) => total + count * rounded((weight[k] as number) / step),
            0,
          );
          return scale * step * sum + (biases[channel] as number);
        }),
      );
      const values = found[`bert.encoder.${i}`]?.data as Float32Array;
      expected.forEach((value, k) => {
        expect(values[k]).toBeCloseTo(value, 5);
      });
    });
  });
});

describe('a large table in 8 bits', () => {
  it('gives rows that are half a step off at most', async () => {
    const [numRows, size] = [1024, 512];
    const values = drawn(numRows * size, 7);
    const graph = new GraphBuilder('table', 20);
    const indices = graph.input('indices', 'int64', ['batch', 2]);
    const table = tensor(values, [numRows, size]);
    graph.output(new Int8Layers().lookUp(graph, indices, 'words', table), 'float32', ['batch', 2, size]);
    const file = path.join(folder, 'table.onnx');
    await writeModel(file, graph.build());
    table.dispose();
    expect(statSync(file).size).toBeLessThan(1.02 * numRows * size);
    const session = await ort.InferenceSession.create(file);
    const asked = [5, 1023, 0, 77];
    const { words } = await session.run({ indices: whole(asked, [2, 2]) });
    const looked = words?.data as Float32Array;
    await session.release();
    expect(words?.dims).toEqual([2, 2, size]);
    asked.forEach((row, i) => {
      const expected = values.slice(row * size, (row + 1) * size);
      const found = [...looked.subarray(i * size, (i + 1) * size)];
      const errors = expected.map((value, k) => Math.abs(value - (found[k] as number)));
      expect(Math.max(...errors)).toBeLessThanOrEqual(0.5001 * stepOf(expected));
    });
  });
});

describe('lxmert export onnx --precision int8', () => {
  it('adds a smaller file that answers as float32 does, in standard operators', async () => {
    const [run, out] = [path.join(folder, 'run'), path.join(folder, 'out')];
    await writeSmallRun(run);
    await exportModel({ source: { model: run }, out, precision: 'float32' });
    const { manifest } = await exportModel({ source: { model: run }, out, precision: 'int8' });
    expect(manifest.weights.map(({ precision, file }) => [precision, file])).toEqual([
      ['float32', 'onnx/model.onnx'],
      ['int8', 'onnx/model_quantized.onnx'],
    ]);
    const [wide, narrow] = manifest.weights.map(({ file }) => path.join(out, file)) as [string, string];
    const { nodes, domains } = await operatorsOf(narrow);
    expect(domains).toEqual(['']);
    expect(nodes).toContain('MatMulInteger');

    const feeds = {
      input_ids: whole([2, 5, 6, 3, 2, 9, 10, 3], [2, 4]),
      attention_mask: whole(Array(8).fill(1), [2, 4]),
      token_type_ids: whole(Array(8).fill(0), [2, 4]),
      visual_feats: new ort.Tensor('float32', Float32Array.from(drawn(5 * 7, 9), Math.abs), [1, 5, 7]),
      visual_pos: new ort.Tensor('float32', Float32Array.from(drawn(5 * 4, 8), Math.abs), [1, 5, 4]),
      visual_attention_mask: whole(Array(5).fill(1), [1, 5]),
    };
    const [exact, found] = [await logitsOf(wide, feeds), await logitsOf(narrow, feeds)];
    const largest = Math.max(...exact.map(Math.abs));
    const difference = Math.max(...exact.map((value, i) => Math.abs(value - (found[i] as number)))) / largest;
    expect(difference).toBeLessThan(0.05);
    // Rounded it is: float32 would be nearer.
    expect(difference).toBeGreaterThan(1e-4);
  });
});

function whole(values: readonly number[], dims: readonly number[]): ort.Tensor {
  return new ort.Tensor('int64', BigInt64Array.from(values, BigInt), dims);
}

async function logitsOf(file: string, feeds: Record<string, ort.Tensor>): Promise<number[]> {
  const session = await ort.InferenceSession.create(file);
  const { logits } = await session.run(feeds);
  await session.release();
  const values = logits?.data as Float32Array;
  return [...values];
}

async function operatorsOf(file: string): Promise<{ nodes: string[]; domains: string[] }> {
  const { graph, opsetImport } = fromBinary(ModelProtoSchema, await readFile(file));
  return {
    nodes: graph?.node.map(({ opType }) => opType) ?? [],
    domains: opsetImport.map(({ domain }) => domain),
  };
}
