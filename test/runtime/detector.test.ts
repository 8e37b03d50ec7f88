import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LxmertError, UsageError } from '../../src/common/errors.js';
import { Random } from '../../src/common/random.js';
import type { RgbImage } from '../../src/common/rgbImage.js';
import { exportDetector } from '../../src/export/index.js';
import { compareProvenance } from '../../src/features/index.js';
import { type DetectionOptions, ExportedDetector } from '../../src/runtime/detector.js';
import { type DetectorManifest, parseManifest } from '../../src/runtime/index.js';
import { DETECTOR_PROFILES, type DetectedRegions, RegionDetector } from '../../src/vision/detector/index.js';
import { ENGINES, plainFolder, SMALL_FILES, writeSmallDetectors } from '../support/exportedDetectors.js';
import { SMALL_DETECTOR } from '../support/tinyLxmert.js';

type Rules = keyof typeof SMALL_FILES;
type EngineName = keyof typeof ENGINES;

const folder = mkdtempSync(path.join(tmpdir(), 'lxmert-runtime-detector-'));
const at = (...names: string[]): string => path.join(folder, ...names);
const random = new Random(17);

function picture(width: number, height: number): RgbImage {
  // Blocks of color, so that regions differ.
  const colors = Uint8Array.from({ length: 3 * 64 }, () => random.integer(256));
  const data = Uint8Array.from({ length: 3 * width * height }, (_, i) => {
    const pixel = Math.floor(i / 3);
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    const block = Math.floor((8 * y) / height) * 8 + Math.floor((8 * x) / width);
    return Math.min(255, (colors[3 * block + (i % 3)] as number) + random.integer(8));
  });
  return { width, height, data };
}
const pictures = [picture(150, 110), picture(90, 200)];

function manifestOf(name: string): DetectorManifest {
  const file = at(name, 'lxmert.json');
  return parseManifest(readFileSync(file, 'utf8'), file) as DetectorManifest;
}

async function load(
  name: string,
  engine: EngineName,
  options: DetectionOptions = {},
  manifest = manifestOf(name),
): Promise<ExportedDetector> {
  return await ExportedDetector.load(plainFolder(at(name)), manifest, ENGINES[engine], options);
}

beforeAll(async () => {
  writeSmallDetectors(folder);
  for (const rules of ['caffe', 'detectron2'] as const) {
    for (const precision of ['float32', 'float16'] as const) {
      await exportDetector({
        detector: at(SMALL_FILES[rules]),
        out: at(rules),
        precision,
        architecture: SMALL_DETECTOR,
      });
    }
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Largest difference, as a share of the largest value. */
function difference(found: Float32Array, expected: Float32Array): number {
  expect(found.length).toBe(expected.length);
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return expected.reduce((most, value, i) => Math.max(most, Math.abs(value - found[i]!)), 0) / largest;
}

function expectSame(found: DetectedRegions, expected: DetectedRegions, tolerance: number): void {
  expect([found.numBoxes, found.width, found.height]).toEqual([
    expected.numBoxes,
    expected.width,
    expected.height,
  ]);
  expect(found.objectsId).toEqual(expected.objectsId);
  expect(found.attrsId).toEqual(expected.attrsId);
  for (const part of ['boxes', 'features', 'objectsConf', 'attrsConf'] as const) {
    expect(difference(found[part], expected[part]), part).toBeLessThan(tolerance);
  }
}

describe.each([
  ['caffe', 'onnxruntime-node', 'caffe-36'],
  ['caffe', 'onnxruntime-web', 'caffe-10-100'],
  ['detectron2', 'onnxruntime-node', 'd2'],
  ['detectron2', 'onnxruntime-web', 'd2'],
] as const)('by the %s rules on %s, %s', (rules: Rules, engine: EngineName, profile) => {
  it('finds the regions that the detector on libtorch finds', async () => {
    using expected = await RegionDetector.load(at(SMALL_FILES[rules]), {
      architecture: SMALL_DETECTOR,
      profile: DETECTOR_PROFILES.find(({ name }) => name === profile)!,
    });
    const found = await load(rules, engine, { profile });
    for (const image of pictures) expectSame(await found.detect(image), expected.detect(image), 1e-5);
    expect(found.featureSize).toBe(expected.featureSize);
    expect(found.profile).toEqual(expected.profile);
    // Models that were trained on the features of one take those of the other.
    expect(compareProvenance(expected.provenance, found.provenance)).toEqual([]);
    expect(found.provenance.weightsSha256).toBe(expected.provenance.weightsSha256);
    expect(found.provenance.settings).toEqual({
      ...expected.provenance.settings,
      engine: `${engine} 1`,
    });
    await found.dispose();
  });
});

it('rounds no more than weights in float16, and says so', async () => {
  const [exact, rounded] = [
    await load('caffe', 'onnxruntime-node'),
    await load('caffe', 'onnxruntime-node', { precision: 'float16' }),
  ];
  expect(rounded.provenance.settings).toMatchObject({ precision: 'float32', weights: 'float16' });
  const [a, b] = [await exact.detect(pictures[0]!), await rounded.detect(pictures[0]!)];
  expect(b.numBoxes).toBe(a.numBoxes);
  expect(b.features).not.toEqual(a.features);
  expect(Math.max(...b.features)).toBeGreaterThan(0.99 * Math.max(...a.features));
  await exact.dispose();
  await rounded.dispose();
});

it('finds as many regions as are asked for, and refuses what cannot be', async () => {
  const few = await load('caffe', 'onnxruntime-node', { minBoxes: 3, maxBoxes: 5 });
  const { numBoxes } = await few.detect(pictures[0]!);
  expect(numBoxes).toBeGreaterThanOrEqual(3);
  expect(numBoxes).toBeLessThanOrEqual(5);
  expect(() => few.requireSize(2000, 3)).toThrow(/too long and thin/);
  await expect(few.detect({ width: 2000, height: 3, data: new Uint8Array(18000) })).rejects.toThrow(/thin/);
  await few.dispose();
  await expect(load('caffe', 'onnxruntime-node', { profile: 'd2' })).rejects.toThrow(UsageError);
  await expect(load('caffe', 'onnxruntime-node', { profile: 'no-such' })).rejects.toThrow(
    /there are caffe-36/,
  );
  await expect(load('caffe', 'onnxruntime-node', { minBoxes: 301 })).rejects.toThrow(UsageError);
});

it('refuses a damaged manifest and graphs of something else with a sentence', async () => {
  const manifest = manifestOf('caffe');
  const changed = (fields: object): DetectorManifest => ({
    ...manifest,
    detector: { ...manifest.detector, ...fields },
  });
  const refusal = async (other: DetectorManifest): Promise<unknown> =>
    await load('caffe', 'onnxruntime-node', {}, other).catch((error: unknown) => error);
  const [weights] = manifest.detector.weights as { backbone: string; regionHead: string }[];
  for (const [other, message] of [
    [changed({ numClasses: 'many' }), /lxmert.json is damaged.*numClasses/],
    [changed({ family: 'yolo' }), /damaged.*family/],
    [changed({ weights: [{ ...weights, backbone: 'onnx/other.onnx' }] }), /names onnx\/other.onnx/],
    [changed({ weights: [{ ...weights, backbone: '../backbone.onnx' }] }), /damaged/],
    [
      changed({ weights: [{ ...weights, backbone: weights!.regionHead }] }),
      /not a part of the region detector/,
    ],
  ] as const) {
    const error = await refusal(other);
    expect(error).toBeInstanceOf(LxmertError);
    expect((error as Error).message).toMatch(message);
  }
});
