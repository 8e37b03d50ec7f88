/** @file The ports' rules against plain loops, and a detector with the ports' weights from file to row. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UsageError } from '../../../../src/common/errors.js';
import { Random } from '../../../../src/common/random.js';
import type { RgbImage } from '../../../../src/common/rgbImage.js';
import { sha256OfFile } from '../../../../src/formats/hashes/sha256.js';
import type { DetectorArchitecture } from '../../../../src/vision/detector/architecture.js';
import { proposeDetectron2Regions } from '../../../../src/vision/detector/detectron2/proposeDetectron2Regions.js';
import { selectDetectron2Regions } from '../../../../src/vision/detector/detectron2/selectDetectron2Regions.js';
import {
  CAFFE_36,
  D2,
  DetectorNetwork,
  loadDetector,
  RegionDetector,
} from '../../../../src/vision/detector/index.js';
import type { RegionOutputs } from '../../../../src/vision/detector/labelledRegions.js';
import { withNumBoxes } from '../../../../src/vision/detector/profiles.js';
import { portableSuppression } from '../../../../src/vision/detector/suppression.js';
import { convertDetector } from '../../../../src/vision/detector/weights.js';
import {
  caffeDetector,
  detectron2File,
  huggingFaceFile,
  listLayers,
  randomBlobs,
  randomPort,
  TINY_DETECTOR,
} from '../../../support/detectorFiles.js';
import { plainDetectron2Proposals, plainDetectron2Row } from '../../../support/plainDetectron2.js';
import { expectSameRegions } from '../../../support/sameRegions.js';

const random = new Random(7);
const uniform = (low: number, high: number): number => low + (high - low) * random.uniform();

/** Largest difference of any number. */
function worst(actual: ArrayLike<number>, expected: readonly (readonly number[])[]): number {
  const flat = expected.flat();
  expect(actual.length).toBe(flat.length);
  return flat.reduce((most, value, i) => Math.max(most, Math.abs(value - actual[i]!)), 0);
}

describe('proposals', () => {
  const { anchors } = TINY_DETECTOR;
  const numAnchors = 12;
  /** What the network would give for functions of anchor and cell. */
  function outputOf(
    [height, width]: readonly [number, number],
    logit: (anchor: number, y: number, x: number) => number,
    delta: (anchor: number, y: number, x: number) => readonly number[],
  ) {
    const cells = height * width;
    const scores = new Float32Array(2 * numAnchors * cells);
    const deltas = new Float32Array(4 * numAnchors * cells);
    for (let anchor = 0; anchor < numAnchors; anchor++) {
      for (let cell = 0; cell < cells; cell++) {
        const [y, x] = [Math.floor(cell / width), cell % width];
        scores[(numAnchors + anchor) * cells + cell] = logit(anchor, y, x);
        delta(anchor, y, x).forEach((value, k) => {
          deltas[(4 * anchor + k) * cells + cell] = value;
        });
      }
    }
    return { height, width, scores, deltas };
  }

  it.each([
    ['of a large map, more than are kept before suppression', [23, 23] as const, 0.4],
    ['with sides that would overflow', [6, 9] as const, 6],
    ['that mostly leave the picture', [5, 4] as const, 2.5],
  ])('%s are what plain loops find', (_, map, size) => {
    const numCells = map[0] * map[1];
    // Logits far above where a sigmoid is 1 in float32: their order must not be lost.
    const order = Array.from({ length: numCells * numAnchors }, (_, i) => 20 + i / 512);
    random.shuffle(order);
    const moves = order.map(() => Float32Array.from({ length: 4 }, () => uniform(-size, size)));
    const at = (anchor: number, y: number, x: number): number => (y * map[1] + x) * numAnchors + anchor;
    const logit = (anchor: number, y: number, x: number) => order[at(anchor, y, x)]!;
    const delta = (anchor: number, y: number, x: number) => [...moves[at(anchor, y, x)]!];
    const image = { height: map[0] * 16 - 5, width: map[1] * 16 - 3, scale: 1.5 };
    const found = proposeDetectron2Regions(outputOf(map, logit, delta), image, anchors, portableSuppression);
    const expected = plainDetectron2Proposals(map, logit, delta, [image.height, image.width]);
    expect(expected.length).toBeGreaterThan(10);
    expect(worst(found, expected)).toBeLessThan(2e-3);
  });

  it('refuses what is no number', () => {
    const output = outputOf(
      [2, 2],
      () => Number.NaN,
      () => [0, 0, 0, 0],
    );
    expect(() =>
      proposeDetectron2Regions(output, { height: 32, width: 32, scale: 1 }, anchors, portableSuppression),
    ).toThrow(/not a number/);
  });
});

describe('the choice of regions', () => {
  const numClasses = 5;
  function crowd(numRegions: number): RegionOutputs {
    const boxes = Array.from({ length: numRegions }, () => {
      const [x, y] = [uniform(0, 120), uniform(0, 90)];
      return [x, y, x + uniform(20, 70), y + uniform(20, 60)];
    });
    const probabilities = boxes.flatMap(() => {
      const shares = Array.from({ length: numClasses }, () => random.uniform());
      const sum = shares.reduce((a, b) => a + b, 0);
      return shares.map((share) => share / sum);
    });
    return {
      numRegions,
      boxes: Float32Array.from(boxes.flat()),
      features: Float32Array.from({ length: numRegions * 2 }, (_, i) => i),
      classProbabilities: Float32Array.from(probabilities),
      attributeProbabilities: Float32Array.from(boxes.flatMap(() => [0, 0.25, 0.75])),
      boxDeltas: Float32Array.from({ length: numRegions * numClasses * 4 }, () => uniform(-3, 3)),
    };
  }

  it('takes the first threshold that leaves enough, each one in turn', () => {
    const seen = new Set<number>();
    for (const minBoxes of [3, 12, 20, 26, 32, 37, 40]) {
      const outputs = crowd(40);
      const profile = { ...D2, minBoxes, maxBoxes: minBoxes };
      const size = { height: 60, width: 100, inputHeight: 120, inputWidth: 150 };
      const row = selectDetectron2Regions(outputs, size, profile, portableSuppression);
      const expected = plainDetectron2Row(outputs, [120, 150], [60, 100], minBoxes, minBoxes);
      seen.add(expected.threshold);
      expect(Array.from(row.objectsId, Number)).toEqual(expected.objects);
      expect(worst(row.boxes, expected.boxes)).toBeLessThan(1e-4);
      // Features are the proposals', attributes those of the same regions.
      expect([...row.features]).toEqual(expected.regions.flatMap((region) => [2 * region, 2 * region + 1]));
      expect(new Set(row.attrsId)).toEqual(new Set([1n]));
      expect(row.attrsConf.every((value) => value === 0.75)).toBe(true);
    }
    expect(seen.size).toBeGreaterThan(3);
  });

  it('gives what there is where no threshold leaves enough', () => {
    const row = selectDetectron2Regions(
      crowd(5),
      { height: 60, width: 100, inputHeight: 120, inputWidth: 150 },
      D2,
      portableSuppression,
    );
    expect(row.numBoxes).toBeLessThanOrEqual(5);
    expect(row.numBoxes).toBeGreaterThan(0);
  });
});

describe('a detector with the weights of a port', () => {
  const architecture: DetectorArchitecture = { ...TINY_DETECTOR, rpnChannels: 5 };
  const folder = mkdtempSync(path.join(tmpdir(), 'port-'));
  const place = (name: string): string => path.join(folder, name);
  const image: RgbImage = {
    width: 150,
    height: 110,
    data: Uint8Array.from({ length: 150 * 110 * 3 }, () => random.integer(256)),
  };
  beforeAll(() => {
    const port = randomPort(architecture, 4);
    // Trained layers move boxes a little; at random they would move every box out of the picture.
    for (const [name, { values }] of port) {
      if (!/(anchor_deltas|bbox_pred)\./.test(name)) continue;
      const size = name.endsWith('.bias') ? 0.2 : 0;
      values.forEach((value, i) => {
        values[i] = size * (value - 1);
      });
    }
    writeFileSync(place('port.pkl'), detectron2File(port));
    writeFileSync(place('port.bin'), huggingFaceFile(port));
    const layers = listLayers(architecture);
    writeFileSync(place('caffe.caffemodel'), caffeDetector(layers, randomBlobs(layers, 3)));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('finds what the network and plain rules give', async () => {
    using detector = await RegionDetector.load(place('port.pkl'), { architecture });
    expect(detector.profile).toEqual(D2);
    const prepared = detector.prepare(image);
    const { input } = prepared;
    const { weights } = await loadDetector(place('port.pkl'), { architecture, withBoxPredictor: true });
    using network = new DetectorNetwork(weights, { architecture, rules: 'detectron2' });
    for (const tensor of Object.values(weights)) tensor.dispose();
    const outputs = network.run({ ...input, values: input.data });
    // Probabilities of attributes without "none" sum to 1.
    const [none, ...others] = outputs.attributeProbabilities.subarray(0, architecture.numAttributes);
    expect(none).toBe(0);
    expect(others.reduce((a, b) => a + b)).toBeCloseTo(1, 6);
    const found = detector.detect(image);
    const expected = plainDetectron2Row(outputs, [input.height, input.width], [110, 150], 36, 36);
    expect(found.numBoxes).toBe(expected.regions.length);
    expect(worst(found.boxes, expected.boxes)).toBeLessThan(1e-3);
    expect(Array.from(found.objectsId, Number)).toEqual(expected.objects);
  });

  it('gives the same from either port, and says which profile and weights', async () => {
    using first = await RegionDetector.load(place('port.pkl'), { architecture });
    using second = await RegionDetector.load(place('port.bin'), { architecture, minBoxes: 10, maxBoxes: 12 });
    expect(second.provenance).toMatchObject({
      weightsSha256: await sha256OfFile(place('port.bin')),
      settings: { profile: 'd2', minBoxes: 10, maxBoxes: 12, precision: 'float32' },
    });
    const [many, few] = [first.detect(image), second.detect(image)];
    expect(few.numBoxes).toBeGreaterThanOrEqual(10);
    expect(few.numBoxes).toBeLessThanOrEqual(12);
    expect(Math.max(...few.boxes)).toBeLessThanOrEqual(150);
    // The best region is the same whatever the numbers.
    expect(few.boxes.subarray(0, 4)).toEqual(many.boxes.subarray(0, 4));
  });

  it.each(['port.pkl', 'caffe.caffemodel'])(
    '%s: a converted file counts as the one it was made from',
    async (name) => {
      const converted = place(`${name}.safetensors`);
      await convertDetector(place(name), converted, { architecture });
      using original = await RegionDetector.load(place(name), { architecture });
      using again = await RegionDetector.load(converted, { architecture });
      expect(again.provenance).toEqual(original.provenance);
      expect(again.detect(image)).toEqual(original.detect(image));
      // Converted once more, the first file is still the origin.
      await convertDetector(converted, place('twice.safetensors'), { architecture });
      using twice = await RegionDetector.load(place('twice.safetensors'), { architecture });
      expect(twice.provenance).toEqual(original.provenance);
    },
  );

  it.each(['port.pkl', 'caffe.caffemodel'])(
    '%s: given boxes come back as they are, with features',
    async (name) => {
      using detector = await RegionDetector.load(place(name), { architecture });
      const boxes = Float32Array.of(3, 4, 100.5, 90, 0, 0, 149, 109);
      const prepared = detector.prepare(image);
      const described = detector.describeBoxes(prepared, boxes);
      expect(described.boxes).toEqual(boxes);
      expect(described.features).toHaveLength(2 * 7);
      const only = detector.describeBoxes(prepared, boxes.subarray(4));
      expectSameRegions(only.features, described.features.slice(7));
      expect(() => detector.describeBoxes(prepared, new Float32Array(0))).toThrow(/one box or more/);
      expect(() => detector.describeBoxes(prepared, new Float32Array(6))).toThrow(/found 6 numbers/);
    },
  );

  it.each([
    ['port.pkl', 'float32'],
    ['caffe.caffemodel', 'float32'],
    ['caffe.caffemodel', 'bfloat16'],
  ] as const)('%s in %s: a picture has the same regions alone and among others', async (name, precision) => {
    using detector = await RegionDetector.load(place(name), { architecture, precision });
    const others = [1, 2, 3, 4, 5, 6, 7].map((shift) =>
      detector.prepare({ ...image, data: image.data.map((value) => value ^ (37 * shift)) }),
    );
    const all = [detector.prepare(image), ...others];
    const together = detector.detectBatch(all);
    expectSameRegions(
      together,
      all.map((each) => detector.detectBatch([each])[0]),
    );
    expect(new Set(together.map(({ features }) => features[0])).size).toBeGreaterThan(4);
    const wider = detector.prepare({ width: 100, height: 50, data: image.data.slice(0, 15000) });
    // A group of its own, in its place.
    const mixed = detector.detectBatch([all[0]!, wider, all[1]!]);
    expectSameRegions(mixed, [together[0], detector.detectBatch([wider])[0], together[1]]);
    expect(detector.detectBatch([])).toEqual([]);
  });

  it('refuses the profile of other weights, and impossible numbers of regions', async () => {
    const load = (name: string, options: object) =>
      RegionDetector.load(place(name), { architecture, ...options });
    await expect(load('port.pkl', { profile: CAFFE_36 })).rejects.toThrow(UsageError);
    await expect(load('port.pkl', { profile: CAFFE_36 })).rejects.toThrow(
      /a port's weights \(detectron2\).*The profile for these weights: d2\./,
    );
    await expect(load('caffe.caffemodel', { profile: D2 })).rejects.toThrow(
      /The profiles for these weights: caffe-36, caffe-10-100\./,
    );
    expect(() => withNumBoxes(CAFFE_36, { minBoxes: 40 })).toThrow(/\(40\) are more than the most \(36\)/);
    expect(() => withNumBoxes(CAFFE_36, { maxBoxes: 301 })).toThrow(/from 1 to 300/);
    expect(() => withNumBoxes(CAFFE_36, { minBoxes: 0 })).toThrow(UsageError);
  });

  it('refuses a picture that would be too narrow', async () => {
    using detector = await RegionDetector.load(place('caffe.caffemodel'), { architecture });
    expect(() => detector.prepare({ width: 1500, height: 3, data: new Uint8Array(13500) })).toThrow(
      /too long and thin for the detector: after scaling it is 1000 x 2/,
    );
  });
});
