import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { detectorOperations } from '../../src/bench/detectorOperations.js';
import { measure } from '../../src/bench/measure.js';
import { forwardOperations, pretrainingOperations, trainingOperations } from '../../src/bench/operations.js';
import { batchOf } from '../../src/bench/questions.js';
import { runBench, WORK_NAMES } from '../../src/bench/runBench.js';
import { LXMERT_BASE, lxmertConfig } from '../../src/model/index.js';
import { BOTTOM_UP_ATTENTION } from '../../src/vision/detector/index.js';
import { publishedPath } from '../support/published.js';

describe('forwardOperations', () => {
  const perQuestion = (numQuestions: number, perImage: number): number =>
    forwardOperations(LXMERT_BASE, batchOf(numQuestions, perImage), 3129) / numQuestions / 1e9;

  it('counts what questions of real lengths need: 7.5 GFLOP each, 5.3 with five about an image', () => {
    expect(perQuestion(10, 1)).toBeCloseTo(7.5, 1);
    expect(perQuestion(10, 5)).toBeCloseTo(5.4, 1);
  });

  it('is the sum of an image and its questions', () => {
    const count = (numPieces: number[], numImages: number): number =>
      forwardOperations(LXMERT_BASE, { numPieces, numRegions: 36, numImages }, 3129);
    expect(count([7, 12], 1) + count([], 1)).toBe(count([7], 1) + count([12], 1));
    // By hand: a pooler and head over one row, a language layer of 8 rows, no cross-modality.
    const small = lxmertConfig({ numCrossLayers: 0, numVisionLayers: 0, numLanguageLayers: 1 });
    const h = 768;
    const head = 2 * h * h + 2 * h * 2 * h + 2 * 2 * h * 3129;
    const layer = 2 * 8 * (4 * h * h + 8 * h * h) + 2 * 2 * 8 * 8 * h;
    expect(forwardOperations(small, { numPieces: [8], numRegions: 36, numImages: 0 }, 3129)).toBe(
      head + layer,
    );
  });

  it('counts a training step as three passes without the gradient of the inputs', () => {
    const size = batchOf(4);
    const forward = forwardOperations(LXMERT_BASE, size, 3129);
    const step = trainingOperations(LXMERT_BASE, size, 3129);
    expect(3 * forward - step).toBe(4 * 2 * 36 * 768 * 2052);
  });
});

describe('pretrainingOperations', () => {
  it('counts every layer whole, and heads where something is predicted', () => {
    const size = { numPieces: [8], numRegions: 36, numImages: 1 };
    const small = lxmertConfig({ numCrossLayers: 0, numVisionLayers: 0, numLanguageLayers: 0 });
    const classes = { numObjects: 1600, numAttributes: 400, numAnswers: 9500 };
    const none = { numWords: 0, numMaskedRegions: 0, numAnswers: 0 };
    // By hand: the inputs' products twice (no gradient of the inputs), pooler, matching and region heads three times.
    const h = 768;
    const inputs = 2 * 36 * 2052 * h;
    const always = 2 * h * h + 2 * h * 2 + 2 * 36 * h * (h + 2000);
    expect(pretrainingOperations(small, size, classes, none)).toBe(2 * inputs + 3 * always);
    const some = { numWords: 2, numMaskedRegions: 5, numAnswers: 1 };
    const heads = 2 * 2 * h * (h + 30522) + 2 * 5 * h * 2048 + 2 * h * 2 * h + 2 * 2 * h * 9500;
    expect(
      pretrainingOperations(small, size, classes, some) - pretrainingOperations(small, size, classes, none),
    ).toBe(3 * heads);
    const one = lxmertConfig({ numCrossLayers: 1, numVisionLayers: 0, numLanguageLayers: 0 });
    const layer = (rows: number): number => 2 * rows * 12 * h * h + 4 * rows * rows * h;
    const across = 2 * (8 + 36) * 4 * h * h + 2 * 2 * 2 * 8 * 36 * h;
    expect(
      pretrainingOperations(one, size, classes, none) - pretrainingOperations(small, size, classes, none),
    ).toBe(3 * (layer(8) + layer(36) + across));
  });
});

describe('detectorOperations', () => {
  it('counts what the layers of the published network need', () => {
    // From the description of every layer for a 600 x 1000 picture: weights times places of the output, and one region.
    const [, ...lines] = readFileSync(publishedPath('butd-layers.tsv'), 'utf8').trim().split('\n');
    let expected = 0;
    for (const line of lines) {
      const fields = line.split('\t');
      const [name = '', type] = fields.slice(1);
      if (!['Convolution', 'InnerProduct'].includes(type ?? '') || name === 'bbox_pred') continue;
      const weights = (fields[11] as string).split(' ')[0] as string;
      const output = (fields[12] as string).split('x').map(Number);
      const places = type === 'Convolution' ? (output[2] as number) * (output[3] as number) : 1;
      // Of regions the description has the shape of one.
      expected += 2 * places * weights.split('x').reduce((product, side) => product * Number(side), 1);
    }
    const count = (numRegions: number): number =>
      detectorOperations(BOTTOM_UP_ATTENTION, 600, 1000, numRegions);
    expect(count(1)).toBe(expected);
    expect(count(300) - count(0)).toBe(300 * (count(1) - count(0)));
  });
});

describe('measure', () => {
  it('leaves the warm-up out and orders what it counts', async () => {
    let calls = 0;
    const timing = await measure(() => void calls++, { repetitions: 4, warmUp: 3 });
    expect(calls).toBe(7);
    expect(timing.repetitions).toBe(4);
    expect(timing.minSeconds).toBeLessThanOrEqual(timing.medianSeconds);
  });
});

describe('runBench', () => {
  it('gives every piece of work a rate and a limit, and leaves no tensor', async () => {
    const config = lxmertConfig({
      vocabSize: 50,
      hiddenSize: 16,
      numAttentionHeads: 2,
      intermediateSize: 32,
      numLanguageLayers: 1,
      numVisionLayers: 1,
      numCrossLayers: 1,
      maxPositionEmbeddings: 20,
      visualFeatureSize: 8,
    });
    const report = await runBench({
      config,
      isSmall: true,
      numAnswers: 5,
      batchSize: 4,
      repetitions: 2,
      work: WORK_NAMES,
      precisions: ['float32', 'bfloat16'],
    });
    const byPrecision = (names: readonly string[]) =>
      ['float32', 'bfloat16'].flatMap((precision) => names.map((name) => `${name} ${precision}`));
    expect(report.results.map(({ name, precision }) => `${name} ${precision ?? ''}`.trim())).toEqual([
      ...byPrecision(['inference', 'inference-shared']),
      ...byPrecision(['latency', 'latency-seen']),
      ...byPrecision(['training', 'optimizer', 'loading']),
      ...byPrecision(['pretraining']),
      ...byPrecision(['vision']),
      'suppression',
      'load',
      'features',
    ]);
    for (const result of report.results) {
      expect(result.rate, result.name).toBeGreaterThan(0);
      expect(result.limitRate, result.name).toBeGreaterThan(0);
      expect(result.shareOfLimit, result.name).toBeGreaterThan(0);
      expect(result.minSeconds, result.name).toBeLessThanOrEqual(result.medianSeconds);
      expect(result.peakResidentBytes, result.name).toBeGreaterThan(1e7);
    }
  }, 180_000);
});
