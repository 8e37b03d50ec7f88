import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import * as ort from 'onnxruntime-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256Of } from '../../src/formats/hashes/sha256.js';
import { GraphBuilder, type Initializer, writeModel } from '../../src/onnx/index.js';
import { ModelProtoSchema, TensorProto_DataLocation } from '../../src/onnx/schema/onnx_pb.js';

const SIZE = 600;

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'lxmert-onnx-'));
  file = path.join(folder, 'model.onnx');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** y = (x + a) + b, where a and b are too large to stay in the model's own file when weights are apart. */
function sums(bytes: (name: string) => Uint8Array = valuesOf): GraphBuilder {
  const graph = new GraphBuilder('sums', 20);
  let value = graph.input('x', 'float32', ['n', SIZE]);
  for (const name of ['a', 'b']) {
    const initializer: Initializer = { name, type: 'float32', dims: [SIZE], bytes: () => bytes(name) };
    value = graph.node('Add', [value, graph.initializer(initializer)]);
  }
  const scaled = graph.node('Mul', [value, graph.number(2, 'float32')], { outputs: ['y'] });
  graph.output(scaled, 'float32', ['n', SIZE]);
  return graph;
}

function valuesOf(name: string): Uint8Array {
  const start = name === 'a' ? 1 : 1000;
  return new Uint8Array(Float32Array.from({ length: SIZE }, (_, i) => start + i).buffer);
}

async function resultOf(model: string): Promise<Float32Array> {
  const session = await ort.InferenceSession.create(model);
  const { y } = await session.run({ x: new ort.Tensor('float32', new Float32Array(SIZE), [1, SIZE]) });
  await session.release();
  return y?.data as Float32Array;
}

const EXPECTED = Float32Array.from({ length: SIZE }, (_, i) => 2 * (1 + i + 1000 + i));

describe('writeModel', () => {
  it('writes what ONNX Runtime runs and the published schema reads', async () => {
    const { model } = await writeModel(file, sums().build(), {
      producer: { name: 'lxmert', version: '1' },
      metadata: { task: 'vqa' },
    });
    const bytes = readFileSync(file);
    expect(model).toEqual({ path: file, numBytes: bytes.length, sha256: sha256Of(bytes) });
    const read = fromBinary(ModelProtoSchema, bytes);
    expect(read).toMatchObject({ irVersion: 9n, producerName: 'lxmert', opsetImport: [{ version: 20n }] });
    expect(read.metadataProps).toMatchObject([{ key: 'task', value: 'vqa' }]);
    expect(read.graph?.initializer.map(({ name, dims }) => [name, dims])).toEqual([
      ['a', [600n]],
      ['b', [600n]],
      ['float32.2', []],
    ]);
    expect(await resultOf(file)).toEqual(EXPECTED);
  });

  it('puts large weights into a file of their own, at places that can be mapped', async () => {
    const written = await writeModel(file, sums().build(), { externalData: 'model.onnx_data' });
    expect(written.externalData?.numBytes).toBe(4096 + 4 * SIZE);
    const { initializer } = fromBinary(ModelProtoSchema, readFileSync(file)).graph!;
    const places = initializer.map(({ dataLocation, externalData }) => [
      dataLocation,
      Object.fromEntries(externalData.map(({ key, value }) => [key, value])),
    ]);
    const { EXTERNAL, DEFAULT } = TensorProto_DataLocation;
    expect(places).toEqual([
      [EXTERNAL, { location: 'model.onnx_data', offset: '0', length: '2400' }],
      [EXTERNAL, { location: 'model.onnx_data', offset: '4096', length: '2400' }],
      [DEFAULT, {}],
    ]);
    expect(await resultOf(file)).toEqual(EXPECTED);
  });

  it('asks for each weight once, when the one before is on the disk', async () => {
    const asked: [string, number][] = [];
    const onDisk = (): number =>
      Math.max(...readdirSync(folder).map((name) => readFileSync(path.join(folder, name)).length));
    const graph = sums((name) => {
      asked.push([name, onDisk()]);
      return valuesOf(name);
    });
    await writeModel(file, graph.build());
    expect(asked.map(([name]) => name)).toEqual(['a', 'b']);
    expect((asked[1]?.[1] ?? 0) - (asked[0]?.[1] ?? 0)).toBeGreaterThanOrEqual(4 * SIZE);
  });

  it('leaves nothing behind when it is interrupted or a weight cannot be read', async () => {
    const stop = new AbortController();
    const interrupted = sums((name) => {
      stop.abort(new Error('stopped'));
      return valuesOf(name);
    });
    const apart = { externalData: 'model.onnx_data' };
    await expect(writeModel(file, interrupted.build(), { ...apart, signal: stop.signal })).rejects.toThrow(
      'stopped',
    );
    const short = sums(() => new Uint8Array(4));
    await expect(writeModel(file, short.build(), apart)).rejects.toThrow(
      "'a' must have 2400 bytes, but has 4.",
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  it('refuses more than 2 GB in one file before it reads a weight', async () => {
    const graph = new GraphBuilder('large', 20);
    const bytes = (): never => {
      throw new Error('read');
    };
    const dims = [1 << 15, 1 << 14];
    const large = graph.initializer({ name: 'large', type: 'float32', dims, bytes });
    graph.output(graph.node('Identity', [large], { outputs: ['y'] }), 'float32', dims);
    await expect(writeModel(file, graph.build())).rejects.toThrow(
      'an ONNX file holds at most 2147483647. Put the weights into a file of their own',
    );
    expect(existsSync(file)).toBe(false);
  });
});

describe('GraphBuilder', () => {
  it('refuses values that nothing gives and names that are taken', () => {
    const graph = new GraphBuilder('g', 20);
    expect(() => graph.node('Relu', ['x'])).toThrow("Relu reads 'x', which nothing gives.");
    expect(() => graph.output('y', 'float32', [])).toThrow("No node gives 'y'.");
    graph.input('x', 'float32', []);
    expect(() => graph.input('x', 'float32', [])).toThrow("Two values are called 'x'.");
    expect(graph.ints([1, -1])).toBe(graph.ints([1, -1]));
    expect(() => graph.number(1e6, 'float16')).toThrow('float16 cannot hold 1000000.');
  });
});
