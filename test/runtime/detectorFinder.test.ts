import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportDetector, exportModel } from '../../src/export/index.js';
import { Lxmert } from '../../src/inference/lxmert.js';
import { loadParts } from '../../src/runtime/loadLxmert.js';
import type { LoadOptions } from '../../src/runtime/loadModel.js';
import { LxmertRuntime } from '../../src/runtime/lxmertRuntime.js';
import { RegionDetector } from '../../src/vision/detector/index.js';
import { plainPlatform } from '../support/exportedDetectors.js';
import { publishedPath } from '../support/published.js';
import { SMALL_DETECTOR, writeSmallDetector, writeSmallRun } from '../support/tinyLxmert.js';

const folder = mkdtempSync(path.join(tmpdir(), 'lxmert-runtime-finder-'));
const at = (...names: string[]): string => path.join(folder, ...names);
const photo = publishedPath('images', 'cut', 'coffee.jpg');
const QUESTION = 'what cat';

beforeAll(async () => {
  writeSmallDetector(at('small.caffemodel'));
  writeSmallDetector(at('other.caffemodel'), 9);
  writeFileSync(at('objects_vocab.txt'), 'dog\nred truck,truck\nsky\ntree\nwall\n');
  using detector = await RegionDetector.load(at('small.caffemodel'), { architecture: SMALL_DETECTOR });
  await writeSmallRun(at('run'), { trainedOn: detector.provenance });
  await exportModel({ source: { model: at('run') }, out: at('model'), precision: 'float32' });
  for (const name of ['small', 'other']) {
    await exportDetector({
      detector: at(`${name}.caffemodel`),
      out: at(name),
      precision: 'float32',
      architecture: SMALL_DETECTOR,
    });
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

const load = async (options: LoadOptions): Promise<LxmertRuntime> =>
  new LxmertRuntime(await loadParts(plainPlatform, at('model'), options));

describe('an exported model with an exported detector', () => {
  it('answers about a photo as the same two do on libtorch', async () => {
    using expected = await Lxmert.load({
      model: at('run'),
      detector: at('small.caffemodel'),
      architecture: SMALL_DETECTOR,
    });
    const progress: number[] = [];
    await using lxmert = await load({
      detector: at('small'),
      onProgress: ({ numBytes, totalBytes }) => progress.push(numBytes / totalBytes),
    });
    const [found, wanted] = [await lxmert.answer(photo, QUESTION), await expected.answer(photo, QUESTION)];
    expect(found.answers.map(({ answer }) => answer)).toEqual(wanted.answers.map(({ answer }) => answer));
    found.answers.forEach(({ probability }, i) => {
      expect(probability).toBeCloseTo(wanted.answers[i]!.probability, 5);
    });
    expect(found.regions).toHaveLength(36);
    expect(found.regions.map(({ object }) => object?.name)).toEqual(
      wanted.regions.map(({ object }) => object?.name),
    );
    expect(found.regions[0]!.object!.name).toBeDefined();
    expect(lxmert.warnings).toEqual(expected.warnings);
    expect(Math.max(...progress)).toBe(1);
  });

  it('finds as many regions as are asked for', async () => {
    await using lxmert = await load({
      detector: at('small'),
      minBoxes: 4,
      maxBoxes: 4,
      allowOtherFeatures: true,
    });
    expect((await lxmert.detectRegions(photo)).regions).toHaveLength(4);
    expect(lxmert.warnings.join()).toMatch(/setting minBoxes 36, here it is 4/);
  });

  it('refuses another detector than the one that it was trained on, and what is none', async () => {
    await expect(load({ detector: at('other') })).rejects.toThrow(
      /trained with detector weights \(SHA-256\)/,
    );
    await expect(load({ detector: at('model') })).rejects.toThrow(
      /is an exported model, not a region detector/,
    );
    await expect(load({ detector: at('run') })).rejects.toThrow(/has no lxmert.json/);
    await expect(load({ detector: at('small'), detectorPrecision: 'float16' })).rejects.toThrow(
      /has no float16 weights/,
    );
    const parts = loadParts(plainPlatform, at('small'), {});
    await expect(parts).rejects.toThrow(/is an exported region detector, not a model/);
  });

  it('refuses names that were changed after the export', async () => {
    const file = at('small', 'objects_vocab.txt');
    const before = readFileSync(file);
    writeFileSync(file, before.toString().replace('dog', 'cat'));
    try {
      await expect(load({ detector: at('small') })).rejects.toThrow(/was changed after the export/);
    } finally {
      writeFileSync(file, before);
    }
  });
});
