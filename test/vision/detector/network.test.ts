import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/common/random.js';
import { manualSeed, scope, type Tensor, tensor } from '../../../src/torch/index.js';
import * as ops from '../../../src/torch/operators/index.js';
import {
  BOTTOM_UP_ATTENTION,
  type DetectorArchitecture,
  weightShapes,
} from '../../../src/vision/detector/architecture.js';
import { selectCaffeRegions } from '../../../src/vision/detector/caffe/selectCaffeRegions.js';
import type { RegionOutputs } from '../../../src/vision/detector/labelledRegions.js';
import { nativeSuppression } from '../../../src/vision/detector/nativeSuppression.js';
import { DetectorNetwork, type NetworkInput } from '../../../src/vision/detector/network.js';
import { CAFFE_10_100, CAFFE_36 } from '../../../src/vision/detector/profiles.js';
import type { PlainBox } from '../../support/plainDetection.js';
import { PlainDetector, type PlainWeights } from '../../support/plainDetector.js';
import { publishedPath } from '../../support/published.js';

/** The published topology with fewer blocks and channels. */
const TINY: DetectorArchitecture = {
  inputChannels: 3,
  stemChannels: 4,
  imageStages: [
    { name: 'res2', blocks: ['a', 'b'], middleChannels: 3, outputChannels: 6, stride: 1, dilation: 1 },
    { name: 'res3', blocks: ['a', 'b1'], middleChannels: 4, outputChannels: 8, stride: 2, dilation: 1 },
    {
      name: 'res4',
      blocks: ['a', 'b1', 'b2'],
      middleChannels: 5,
      outputChannels: 10,
      stride: 2,
      dilation: 1,
    },
  ],
  regionStage: {
    name: 'res5',
    blocks: ['a', 'b'],
    middleChannels: 6,
    outputChannels: 12,
    stride: 1,
    dilation: 2,
  },
  anchors: BOTTOM_UP_ATTENTION.anchors,
  rpnChannels: 7,
  pooledSize: 14,
  numClasses: 9,
  classEmbeddingSize: 3,
  attributeHiddenSize: 5,
  numAttributes: 6,
};

const random = new Random(3);
const noise = (length: number, size: number): Float32Array =>
  Float32Array.from({ length }, () => (random.uniform() - 0.5) * size);

function randomWeights(architecture: DetectorArchitecture): PlainWeights {
  return new Map(
    [...weightShapes(architecture)].map(([name, shape]) => {
      const count = shape.reduce((product, size) => product * size, 1);
      // Sums of `inputs` products keep the size of what goes in.
      const inputs = count / shape[0]!;
      const size = shape.length === 1 ? 0.5 : 4 / Math.sqrt(inputs);
      return [name, { shape, values: noise(count, size) }];
    }),
  );
}

function asTensors(weights: PlainWeights): Record<string, Tensor> {
  return Object.fromEntries([...weights].map(([name, { shape, values }]) => [name, tensor(values, shape)]));
}

const randomImage = (height: number, width: number, scale = 1): NetworkInput => ({
  height,
  width,
  scale,
  values: noise(3 * height * width, 4),
});

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, what: string): void {
  expect(actual.length, what).toBe(expected.length);
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    worst = Math.max(worst, Math.abs(actual[i]! - expected[i]!) / (1 + Math.abs(expected[i]!)));
  }
  expect(worst, what).toBeLessThan(2e-5);
}

describe('the network, layer by layer', () => {
  // Odd sizes, so that the floors of the strides and the clipped window of the pool come into play.
  it.each([
    [50, 67],
    [61, 45],
  ])('is what plain loops give for %i x %i pixels', (height, width) => {
    const weights = randomWeights(TINY);
    const image = randomImage(height, width);
    const boxes: PlainBox[] = [
      [0, 0, width - 1, height - 1],
      [5.5, 7.25, 40, 30],
      [30, 20, 31, 44],
    ];
    const plain = new PlainDetector(weights, TINY);
    const map = plain.image(image.values, height, width);
    const regions = boxes.map((box) => plain.region(map, box));
    scope(() => {
      const seen = new Map<string, Float32Array>();
      using network = new DetectorNetwork(asTensors(weights), {
        architecture: TINY,
        observe: (layer, output) => seen.set(layer, output.toFloat32Array()),
      });
      network.run(image);
      for (const layer of ['rpn_conv/3x3', 'rpn_cls_score', 'rpn_bbox_pred', 'res4b2']) {
        expectClose(seen.get(layer)!, plain.layers.get(layer)![0]!.values, layer);
      }
      const outputs = network.runOnBoxes(image, Float32Array.from(boxes.flat()));
      expect(new Set(seen.keys())).toEqual(new Set(plain.layers.keys()));
      for (const [layer, maps] of plain.layers) {
        expectClose(
          seen.get(layer)!,
          maps.flatMap(({ values }) => [...values]),
          layer,
        );
      }
      expectClose(
        outputs.features,
        regions.flatMap(({ feature }) => feature),
        'features',
      );
      expectClose(
        outputs.classProbabilities,
        regions.flatMap(({ classes }) => classes),
        'classes',
      );
      expectClose(
        outputs.attributeProbabilities,
        regions.flatMap(({ attributes }) => attributes),
        'attributes',
      );
    });
  });
});

describe('the network', () => {
  it('gives the same for any number of regions at once, and selects a row', () =>
    scope(() => {
      const weights = asTensors(randomWeights(TINY));
      const image = randomImage(150, 200, 0.5);
      const results = [1000, 7, 1].map((regionsAtOnce) => {
        using network = new DetectorNetwork(weights, { architecture: TINY, regionsAtOnce });
        return network.run(image);
      });
      const [whole, ...parts] = results;
      expect(whole!.numRegions).toBeGreaterThan(36);
      for (const part of parts) {
        expect(part.boxes).toEqual(whole!.boxes);
        expectClose(part.features, whole!.features, 'features');
        expectClose(part.classProbabilities, whole!.classProbabilities, 'classes');
        expectClose(part.attributeProbabilities, whole!.attributeProbabilities, 'attributes');
      }
      const row = selectCaffeRegions(whole!, image.scale, CAFFE_36, nativeSuppression);
      expect(row.numBoxes).toBe(36);
      expect(row.features.length).toBe(36 * 12);
      expect(Math.min(...row.features)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...row.boxes)).toBeLessThanOrEqual(199 / 0.5);
    }));

  // Without dilation, and with one that does not divide the bins, a region is one grid.
  it.each([
    [2, 14],
    [3, 6],
    [1, 7],
    [2, 7],
  ])('gives by grids what the whole region does: dilation %i, %i bins', (dilation, pooledSize) =>
    scope(() => {
      const architecture = { ...TINY, pooledSize, regionStage: { ...TINY.regionStage, dilation } };
      const weights = asTensors(randomWeights(architecture));
      const image = randomImage(80, 90);
      const boxes = Float32Array.of(0, 0, 60, 70, 10, 20, 50, 40, 3, 3, 89, 79);
      let numRegionsSeen = 0;
      using grids = new DetectorNetwork(weights, { architecture, regionsAtOnce: 2 });
      using whole = new DetectorNetwork(weights, {
        architecture,
        observe: (layer, { shape }) => {
          if (layer === 'roi_pool5') numRegionsSeen += shape[0]!;
        },
      });
      const expected = whole.runOnBoxes(image, boxes);
      const found = grids.runOnBoxes(image, boxes);
      expect(numRegionsSeen).toBe(3);
      expectClose(found.features, expected.features, 'features');
      expectClose(found.classProbabilities, expected.classProbabilities, 'classes');
      expectClose(found.attributeProbabilities, expected.attributeProbabilities, 'attributes');
    }),
  );

  it.each([
    { ...CAFFE_36, minBoxes: 8, maxBoxes: 8 },
    { ...CAFFE_10_100, minBoxes: 4, maxBoxes: 12 },
  ])('says exactly what it says of the regions that are chosen: $minBoxes to $maxBoxes', (profile) =>
    scope(() => {
      const weights = asTensors(randomWeights(TINY));
      const image = randomImage(250, 300, 0.5);
      using network = new DetectorNetwork(weights, { architecture: TINY });
      const [exact, ranked] = [network.run(image), network.runBatch([image], profile)[0]!];
      const rowOf = (outputs: RegionOutputs) =>
        selectCaffeRegions(outputs, image.scale, profile, nativeSuppression);
      const [expected, found] = [rowOf(exact), rowOf(ranked)];
      expect(exact.numRegions).toBeGreaterThan(profile.maxBoxes);
      expect(found.boxes).toEqual(expected.boxes);
      expect(found.objectsId).toEqual(expected.objectsId);
      expect(found.attrsId).toEqual(expected.attrsId);
      expectClose(found.features, expected.features, 'features');
      expectClose(found.objectsConf, expected.objectsConf, 'confidences');
    }),
  );

  it('stays close in bfloat16', () =>
    scope(() => {
      const weights = asTensors(randomWeights(TINY));
      const image = randomImage(80, 90);
      const boxes = Float32Array.of(0, 0, 60, 70, 10, 20, 50, 40);
      using exact = new DetectorNetwork(weights, { architecture: TINY });
      using rounded = new DetectorNetwork(weights, { architecture: TINY, precision: 'bfloat16' });
      const expected = exact.runOnBoxes(image, boxes).features;
      const difference = rounded.runOnBoxes(image, boxes).features.map((value, i) => value - expected[i]!);
      expect(Math.hypot(...difference)).toBeLessThan(0.02 * Math.hypot(...expected));
      expect(Math.hypot(...difference)).toBeGreaterThan(0);
    }));

  it('rounds the last stage alone, so that bfloat16 proposes what float32 does', () =>
    scope(() => {
      const weights = asTensors(randomWeights(TINY));
      const image = randomImage(150, 200, 0.5);
      const formats = new Map<string, string>();
      using exact = new DetectorNetwork(weights, { architecture: TINY });
      using rounded = new DetectorNetwork(weights, { architecture: TINY, precision: 'bfloat16' });
      using observed = new DetectorNetwork(weights, {
        architecture: TINY,
        precision: 'bfloat16',
        observe: (layer, output) => formats.set(layer, output.dtype),
      });
      const expected = exact.run(image);
      const found = rounded.run(image);
      observed.run(image);
      expect(expected.numRegions).toBeGreaterThan(36);
      expect(found.boxes).toEqual(expected.boxes);
      expect(found.features).not.toEqual(expected.features);
      const inBfloat16 = [...formats].filter(([, format]) => format === 'bfloat16').map(([layer]) => layer);
      expect(inBfloat16.every((layer) => layer === 'roi_pool5' || layer.startsWith('res5'))).toBe(true);
      // The pooled regions, two blocks' three convolutions and sums, and a projection.
      expect(inBfloat16).toHaveLength(10);
    }));

  it('leaves the weights to their owner, and refuses missing ones and other shapes', () =>
    scope(() => {
      const weights = asTensors(randomWeights(TINY));
      new DetectorNetwork(weights, { architecture: TINY }).dispose();
      expect(weights['cls_score.weight']!.shape).toEqual([9, 12]);
      expect(weights['conv1.bias']!.toFloat32Array().length).toBe(4);
      const { 'fc_attr.bias': _, ...lacking } = weights;
      expect(() => new DetectorNetwork(lacking, { architecture: TINY })).toThrow(
        "The detector's weights lack fc_attr.bias, which should be 5.",
      );
      const wrong = { ...weights, 'conv1.weight': ops.zeros([4, 3, 7, 5]) };
      expect(() => new DetectorNetwork(wrong, { architecture: TINY })).toThrow(
        "The detector's weight conv1.weight should be 4 x 3 x 7 x 7; it is 4 x 3 x 7 x 5.",
      );
    }));

  it('refuses an image whose values do not fill it, or that is too narrow', () =>
    scope(() => {
      using network = new DetectorNetwork(asTensors(randomWeights(TINY)), { architecture: TINY });
      expect(() => network.run({ ...randomImage(40, 40), width: 41 })).toThrow(
        'An image of 41 x 40 pixels must have 4920 values for the detector; it has 4800.',
      );
      expect(() => network.run(randomImage(2, 40))).toThrow('too narrow for the detector, which needs 3');
      expect(network.run(randomImage(3, 40)).numRegions).toBe(0);
    }));
});

describe('the published network', () => {
  interface Layer {
    readonly name: string;
    readonly type: string;
    readonly blobs: readonly number[][];
    readonly output: string;
  }
  const layers: Layer[] = readFileSync(publishedPath('butd-layers.tsv'), 'utf8')
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => {
      const fields = line.split('\t');
      const blobs = (fields[11] ?? '').split(' ').filter((shape) => shape !== '');
      return {
        name: fields[1]!,
        type: fields[2]!,
        blobs: blobs.map((shape) => shape.split('x').map(Number)),
        output: fields[12] ?? '',
      };
    });

  it('has the weights of the published description, BatchNorm and Scale folded', () => {
    const expected = new Map<string, readonly number[]>();
    for (const { name, type, blobs } of layers) {
      // The class boxes are not used: regions keep their proposals.
      if (!['Convolution', 'InnerProduct', 'Embed'].includes(type) || name === 'bbox_pred') continue;
      expected.set(`${name}.weight`, blobs[0]!);
      if (type !== 'Embed') expected.set(`${name}.bias`, [blobs[0]![0]!]);
    }
    expect(expected.size).toBeGreaterThan(200);
    expect(Object.fromEntries(weightShapes(BOTTOM_UP_ATTENTION))).toEqual(Object.fromEntries(expected));
  });

  it('has the layers and sizes of the published description', () =>
    scope(() => {
      manualSeed(1);
      const [height, width] = [64, 112];
      const weights = Object.fromEntries(
        [...weightShapes(BOTTOM_UP_ATTENTION)].map(([name, shape]) => {
          const inputs = shape.slice(1).reduce((product, size) => product * size, 1);
          return [name, ops.mul_(ops.randn(shape), shape.length === 1 ? 0 : 1 / Math.sqrt(inputs))];
        }),
      );
      const shapes = new Map<string, readonly number[]>();
      using network = new DetectorNetwork(weights, {
        observe: (layer, output) => shapes.set(layer, output.shape),
      });
      const boxes = Float32Array.of(0, 0, 100, 60, 20, 10, 90, 50);
      network.runOnBoxes(randomImage(height, width), boxes);
      const half = (size: number): number => Math.floor((size - 1) / 2) + 1;
      const pooled = (size: number): number => Math.ceil((half(size) - 3) / 2) + 1;
      // By the height that the description has for 600 rows: how many halvings came before.
      const sizes = new Map<string, (size: number) => number>([
        ['300x500', half],
        ['150x250', pooled],
        ['75x125', (size) => half(pooled(size))],
        ['38x63', (size) => half(half(pooled(size)))],
      ]);
      let numCompared = 0;
      for (const { name, output } of layers) {
        const shape = shapes.get(name);
        if (shape === undefined) continue;
        numCompared++;
        const [count, channels, ...size] = output.split('x');
        const scale = sizes.get(size.join('x'));
        const spatial = scale === undefined ? size.map(Number) : [scale(height), scale(width)];
        expect(shape, name).toEqual([count === 'R' ? 2 : 1, Number(channels), ...spatial]);
      }
      // 100 convolutions beside the proposal network's, 33 sums, and the layers around them.
      expect(numCompared).toBeGreaterThan(130);
      expect(numCompared).toBe(shapes.size);
    }));
});
