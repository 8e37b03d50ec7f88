/** @file The whole detector on a GPU, against itself on the processor. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { UsageError } from '../../../../src/common/errors.js';
import { Random } from '../../../../src/common/random.js';
import type { RgbImage } from '../../../../src/common/rgbImage.js';
import {
  allowTf32,
  LateNumbers,
  runtimeInfo,
  scope,
  type Tensor,
  tensor,
} from '../../../../src/torch/index.js';
import {
  type DetectedRegions,
  DetectorNetwork,
  type DetectorPrecision,
  RegionDetector,
  type RegionDetectorOptions,
  weightShapes,
} from '../../../../src/vision/detector/index.js';
import { detectron2File, randomPort } from '../../../support/detectorFiles.js';
import { gpuDevices } from '../../../support/devices.js';
import { resetCounts, synchronizations } from '../../../support/practiceDevice.js';
import { SMALL_DETECTOR, writeSmallDetector } from '../../../support/tinyLxmert.js';

const architecture = SMALL_DETECTOR;
const folder = mkdtempSync(path.join(tmpdir(), 'gpu-detector-'));
const FILES = ['caffe.caffemodel', 'port.pkl'] as const;
const load = (name: string, options: RegionDetectorOptions = {}): Promise<RegionDetector> =>
  RegionDetector.load(path.join(folder, name), { architecture, ...options });

beforeAll(() => {
  // libtorch lets convolutions round to 11 bits on GPUs unless told otherwise.
  allowTf32(false);
  writeSmallDetector(path.join(folder, 'caffe.caffemodel'));
  const port = randomPort(architecture, 4);
  // Boxes stay near their anchors.
  for (const [name, { values }] of port) {
    if (!/(anchor_deltas|bbox_pred)\./.test(name)) continue;
    const size = name.endsWith('.bias') ? 0.2 : 0;
    values.forEach((value, i) => {
      values[i] = size * (value - 1);
    });
  }
  writeFileSync(path.join(folder, 'port.pkl'), detectron2File(port));
});
afterAll(() => rmSync(folder, { recursive: true }));

const random = new Random(29);
function picture(width: number, height: number): RgbImage {
  return {
    width,
    height,
    data: Uint8Array.from({ length: width * height * 3 }, () => random.integer(256)),
  };
}
// The first and third have one size for the network, and so has one that is scaled otherwise.
const pictures = [picture(150, 110), picture(90, 120), picture(150, 110), picture(75, 55)];

function worst(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual.length).toBe(expected.length);
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    largest = Math.max(largest, Math.abs(actual[i]! - expected[i]!) / (1 + Math.abs(expected[i]!)));
  }
  return largest;
}

function expectClose(found: DetectedRegions, expected: DetectedRegions): void {
  const { numBoxes, objectsId, attrsId, height, width } = expected;
  expect(found).toMatchObject({ numBoxes, objectsId, attrsId, height, width });
  for (const part of ['boxes', 'features', 'objectsConf', 'attrsConf'] as const) {
    expect(worst(found[part], expected[part]), part).toBeLessThan(1e-4);
  }
}

/** Weights that keep the size of what goes in, so that no format overflows. */
function evenWeights(): Record<string, Tensor> {
  const entries = [...weightShapes(architecture)].map(([name, shape]): [string, Tensor] => {
    const count = shape.reduce((product, each) => product * each, 1);
    const size = shape.length === 1 ? 0.5 : 4 / Math.sqrt(count / shape[0]!);
    const values = Float32Array.from({ length: count }, () => (random.uniform() - 0.5) * size);
    return [name, tensor(values, shape)];
  });
  return Object.fromEntries(entries);
}

/** Runs what may ask the device for numbers so many times, and wait for it for nothing else. */
function withReads<T>(numReads: number, body: () => T): T {
  using reads = vi.spyOn(LateNumbers.prototype, 'read');
  resetCounts();
  const result = body();
  expect(reads).toHaveBeenCalledTimes(numReads);
  expect(synchronizations()).toBe(0);
  return result;
}

describe.each(gpuDevices)('the detector on %s', (device) => {
  it.each(FILES)('%s: finds what the processor does, batches as single pictures', async (name) => {
    using onProcessor = await load(name);
    using onGpu = await load(name, { device, regionsAtOnce: 50 });
    expect(onGpu.device).toBe(device);
    expect(onGpu.provenance).toEqual(onProcessor.provenance);
    const prepared = pictures.map((each) => onGpu.prepare(each));
    const together = onGpu.detectBatch(prepared);
    expect(together[0]!.numBoxes).toBe(36);
    for (const [i, each] of pictures.entries()) {
      expectClose(together[i]!, onProcessor.detect(each));
      expectClose(onGpu.detect(each), together[i]!);
    }
    expect(together[0]!.features).not.toEqual(together[2]!.features);
    expect(onGpu.detectBatch([])).toEqual([]);
  });

  it.each(FILES)('%s: describes given boxes', async (name) => {
    using onProcessor = await load(name);
    using onGpu = await load(name, { device });
    const boxes = Float32Array.of(3, 4, 100.5, 90, 0, 0, 149, 109);
    const prepared = onGpu.prepare(pictures[0]!);
    const found = withReads(1, () => onGpu.describeBoxes(prepared, boxes));
    expectClose(found, onProcessor.describeBoxes(prepared, boxes));
  });

  it.each(FILES)('%s: waits for the GPU twice in a batch, however many pictures', async (name) => {
    using detector = await load(name, { device, regionsAtOnce: 20 });
    const prepared = [1, 2, 3].map(() => detector.prepare(picture(150, 110)));
    const found = withReads(2, () => detector.detectBatch(prepared));
    expect(found.every(({ numBoxes }) => numBoxes === 36)).toBe(true);
  });

  it('gives no regions where none is proposed', async () => {
    using detector = await load('caffe.caffemodel', { device });
    // Sixteen pixels of the picture are more than the input has.
    const tiny = detector.prepare(picture(15, 12));
    expect(detector.detectBatch([tiny])[0]!.numBoxes).toBe(0);
  });

  const formats: [DetectorPrecision, number][] = [['bfloat16', 0.03]];
  // libtorch 1.13 has no convolutions in float16 on the processor, which is what the practice device computes with.
  if (device.startsWith('cuda') || !runtimeInfo().torchVersion.startsWith('1.')) {
    formats.push(['float16', 0.004]);
  }
  it.each(formats)('rounds all stages in %s, and moves features by less than %f', (precision, limit) => {
    scope(() => {
      const weights = evenWeights();
      using exact = new DetectorNetwork(weights, { architecture });
      const dtypes = new Map<string, string>();
      const observe = (layer: string, output: Tensor) => dtypes.set(layer, output.dtype);
      using rounded = new DetectorNetwork(weights, { architecture, device, precision, observe });
      const input = {
        height: 90,
        width: 120,
        scale: 1,
        values: Float32Array.from({ length: 3 * 90 * 120 }, () => 4 * random.uniform() - 2),
      };
      const boxes = Float32Array.of(0, 0, 60, 70, 10, 20, 110, 80);
      const { features } = exact.runOnBoxes(input, boxes);
      const error = rounded.runOnBoxes(input, boxes).features.map((value, i) => value - features[i]!);
      expect(Math.hypot(...error)).toBeGreaterThan(0);
      expect(Math.hypot(...error)).toBeLessThan(limit * Math.hypot(...features));
      expect(rounded.run(input).numRegions).toBeGreaterThan(20);
      const exactLayers = [...dtypes].filter(([, dtype]) => dtype === 'float32').map(([layer]) => layer);
      expect(exactLayers.sort()).toEqual([
        'attr_score',
        'cls_score',
        'fc_attr',
        'pool5_flat',
        'rpn_bbox_pred',
        'rpn_cls_score',
      ]);
    });
  });

  it('states a format that is not the one of that name on the processor', async () => {
    using onGpu = await load('caffe.caffemodel', { device, precision: 'bfloat16' });
    using onProcessor = await load('caffe.caffemodel', { precision: 'bfloat16' });
    expect(onGpu.provenance.settings.precision).toBe('bfloat16 in all layers');
    expect(onProcessor.provenance.settings.precision).toBe('bfloat16');
    expect(onGpu.detect(pictures[0]!).numBoxes).toBe(36);
  });
});

it('float16 is refused on the processor, before the weights are read', async () => {
  await expect(load('nowhere.caffemodel', { precision: 'float16' })).rejects.toThrow(UsageError);
  await expect(load('nowhere.caffemodel', { precision: 'float16' })).rejects.toThrow(/float16 is for GPUs/);
});
