import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as node from 'onnxruntime-node';
import * as web from 'onnxruntime-web';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/common/random.js';
import { backboneGraph, type DetectorSource, regionHeadGraph } from '../../src/export/detectorGraphs.js';
import { GraphBuilder, writeModel } from '../../src/onnx/index.js';
import { scope, type Tensor, tensor } from '../../src/torch/index.js';
import { weightShapes } from '../../src/vision/detector/architecture.js';
import { DetectorNetwork } from '../../src/vision/detector/network.js';
import { numValuesOf, TINY_DETECTOR } from '../support/detectorFiles.js';
import { type PlainBox, plainRoiMaxPool } from '../support/plainDetection.js';

/** Of the largest value of an output. */
const TOLERANCE = 5e-6;

const ENGINES = { 'onnxruntime-node': node, 'onnxruntime-web': web } as const;
type Engine = keyof typeof ENGINES;

const random = new Random(5);
const uniform = (low: number, high: number): number => low + (high - low) * random.uniform();

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'lxmert-detector-graphs-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface DrawnWeights extends Disposable {
  readonly weights: Record<string, Tensor>;
}

/** Weights that keep activations around one, of both signs, biases included. */
function drawnWeights(rules: DetectorSource['rules']): DrawnWeights {
  const weights: Record<string, Tensor> = {};
  for (const [name, shape] of weightShapes(TINY_DETECTOR, { withBoxPredictor: rules === 'detectron2' })) {
    const size = 2 / Math.sqrt(Math.max(1, numValuesOf(shape.slice(1))));
    const values = Float32Array.from({ length: numValuesOf(shape) }, () => uniform(-size, size));
    weights[name] = tensor(values, shape);
  }
  const dispose = () => {
    for (const each of Object.values(weights)) each.dispose();
  };
  return { weights, [Symbol.dispose]: dispose };
}

async function run(
  engine: Engine,
  graph: ReturnType<typeof backboneGraph>,
  feeds: Record<string, { data: Float32Array; dims: readonly number[] }>,
): Promise<Record<string, { data: Float32Array; dims: readonly number[] }>> {
  const ort = ENGINES[engine] as typeof node;
  const file = path.join(folder, 'graph.onnx');
  await writeModel(file, graph);
  const session = await ort.InferenceSession.create(file);
  const tensors = Object.entries(feeds).map(([name, { data, dims }]) => [
    name,
    new ort.Tensor('float32', data, dims),
  ]);
  const outputs = await session.run(Object.fromEntries(tensors));
  await session.release();
  return outputs as never;
}

/** Largest difference as a share of the largest value. */
function difference(found: Float32Array, expected: Float32Array): number {
  expect(found.length).toBe(expected.length);
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  expect(largest).toBeGreaterThan(0);
  return expected.reduce((most, value, i) => Math.max(most, Math.abs(value - found[i]!)), 0) / largest;
}

/** Boxes inside, at and over the border of 200 x 150 pixels, and such whose halves of cells are rounded. */
function someBoxes(count: number): Float32Array {
  const drawn = Array.from({ length: count }, () => {
    const [x, y] = [uniform(0, 190), uniform(0, 140)];
    return [x, y, uniform(x, 199), uniform(y, 149)];
  });
  const edges = [
    [0, 0, 199, 149],
    [0, 0, 0, 0],
    [199, 149, 199, 149],
    [8, 24, 40, 56],
    [100, 100, 20, 20],
    [150, 100, 400, 400],
  ];
  return Float32Array.from([...drawn, ...edges].flat());
}

describe.each(Object.keys(ENGINES) as Engine[])('on %s', (engine) => {
  it.each([
    [200, 150],
    [35, 90],
    // Odd ends of the first pooling, and the smallest picture.
    [33, 31],
    [3, 5],
  ])(
    'the backbone gives the map, scores and deltas of libtorch for %d x %d pixels',
    async (height, width) => {
      using drawn = drawnWeights('caffe');
      const { weights } = drawn;
      const seen = new Map<string, Float32Array>();
      const values = Float32Array.from({ length: 3 * height * width }, () => uniform(-1, 1));
      using network = new DetectorNetwork(weights, {
        architecture: TINY_DETECTOR,
        observe: (layer, output) =>
          seen.set(
            layer,
            scope(() => output.toFloat32Array()),
          ),
      });
      network.run({ values, height, width, scale: 1 });
      const source = { architecture: TINY_DETECTOR, rules: 'caffe', weights, precision: 'float32' } as const;
      const outputs = await run(engine, backboneGraph(source), {
        image: { data: values, dims: [1, 3, height, width] },
      });
      const pairs = { feature_map: 'res4b2', objectness: 'rpn_cls_score', deltas: 'rpn_bbox_pred' };
      for (const [output, layer] of Object.entries(pairs)) {
        expect(difference(outputs[output]!.data, seen.get(layer)!), output).toBeLessThan(TOLERANCE);
      }
    },
  );

  it.each(['caffe', 'detectron2'] as const)(
    'the head describes boxes as libtorch does, by the %s rules',
    async (rules) => {
      using drawn = drawnWeights(rules);
      const { weights } = drawn;
      const [height, width] = [150, 200];
      const values = Float32Array.from({ length: 3 * height * width }, () => uniform(-1, 1));
      let map = new Float32Array();
      let dims: readonly number[] = [];
      using network = new DetectorNetwork(weights, {
        architecture: TINY_DETECTOR,
        rules,
        observe: (layer, output) => {
          if (layer !== 'res4b2') return;
          map = output.toFloat32Array() as typeof map;
          dims = output.shape;
        },
      });
      const source = { architecture: TINY_DETECTOR, rules, weights, precision: 'float32' } as const;
      for (const boxes of [someBoxes(30), Float32Array.of(10, 10, 80, 70)]) {
        const expected = network.runOnBoxes({ values, height, width, scale: 1 }, boxes);
        const outputs = await run(engine, regionHeadGraph(source), {
          feature_map: { data: map, dims },
          boxes: { data: boxes, dims: [boxes.length / 4, 4] },
        });
        expect(difference(outputs.features!.data, expected.features)).toBeLessThan(TOLERANCE);
        expect(difference(outputs.class_probabilities!.data, expected.classProbabilities)).toBeLessThan(
          TOLERANCE,
        );
        expect(
          difference(outputs.attribute_probabilities!.data, expected.attributeProbabilities),
        ).toBeLessThan(TOLERANCE);
        if (rules === 'caffe') expect(Object.keys(outputs)).not.toContain('box_deltas');
        else expect(difference(outputs.box_deltas!.data, expected.boxDeltas!)).toBeLessThan(TOLERANCE);
      }
    },
  );
});

describe.each(Object.keys(ENGINES) as Engine[])('RoI pooling on %s', (engine) => {
  /** The operator as the head's graph has it, alone. */
  async function pooled(
    map: Float32Array,
    [c, h, w]: readonly [number, number, number],
    boxes: Float32Array,
  ) {
    const graph = new GraphBuilder('pooling', 20);
    const given = graph.input('map', 'float32', [1, c, 'h', 'w']);
    const rois = graph.node('Pad', [graph.input('boxes', 'float32', ['n', 4]), graph.ints([0, 1, 0, 0])]);
    graph.node('MaxRoiPool', [given, rois], {
      attributes: { pooled_shape: [14, 14], spatial_scale: { float: 1 / 16 } },
      outputs: ['pooled'],
    });
    graph.output('pooled', 'float32', ['n', c, 14, 14]);
    const outputs = await run(engine, graph.build(), {
      map: { data: map, dims: [1, c, h, w] },
      boxes: { data: boxes, dims: [boxes.length / 4, 4] },
    });
    return outputs.pooled!.data;
  }

  it.each([
    [38, 63],
    [63, 38],
    [13, 5],
    [1, 1],
  ])("is Caffe's in every number on a map of %d x %d, where cells end included", async (h, w) => {
    const shape = [3, h, w] as const;
    const map = Float32Array.from({ length: 3 * h * w }, () => uniform(-1, 1));
    const [height, width] = [16 * h, 16 * w];
    // Whole and half cells, at which roundings decide, and every length of a side.
    const drawn = Array.from({ length: 60 }, (_, i) => {
      const round = i % 3 === 0 ? Number : (value: number): number => 8 * Math.round(value / 8);
      const [x, y] = [round(uniform(0, width)), round(uniform(0, height))];
      return [x, y, x + round(uniform(0, width)), y + round(uniform(0, height))];
    });
    const lengths = Array.from({ length: Math.max(h, w) }, (_, i) => [0, 0, 16 * i, 16 * i]);
    const boxes = Float32Array.from([...drawn, ...lengths].flat());
    const rows = Array.from(
      { length: boxes.length / 4 },
      (_, i) => [...boxes.subarray(4 * i, 4 * i + 4)] as unknown as PlainBox,
    );
    const expected = Float32Array.from(plainRoiMaxPool(map, shape, rows, 1 / 16, 14));
    expect(await pooled(map, shape, boxes)).toEqual(expected);
  });
});
