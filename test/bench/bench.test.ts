import { describe, expect, it } from 'vitest';
import { measure } from '../../bench/measure.js';
import { forwardOperations, trainingOperations } from '../../bench/operations.js';
import { runBench } from '../../bench/runBench.js';
import { LXMERT_BASE, lxmertConfig } from '../../src/model/index.js';

describe('forwardOperations', () => {
  const size = { numPieces: 20, numRegions: 36 };

  it('counts 10.6 GFLOP for the padded full-size model, less the vision side that nothing reads', () => {
    const h = 768;
    const unread = 36 * 16 * 2 * h * h + 2 * 2 * 36 * h * (20 + 36);
    const counted = forwardOperations(LXMERT_BASE, size, 3129);
    // The unread side shares the key and value products of its cross-attention with nothing: 20 more rows of them.
    expect((counted + unread) / 1e9).toBeCloseTo(10.6, 1);
  });

  it('counts a training step as three passes without the gradient of the inputs', () => {
    const forward = forwardOperations(LXMERT_BASE, size, 3129);
    expect(trainingOperations(LXMERT_BASE, size, 3129)).toBeLessThan(3 * forward);
    expect(trainingOperations(LXMERT_BASE, size, 3129)).toBeGreaterThan(2.9 * forward);
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
    const work = ['forward', 'training', 'load', 'features'] as const;
    const report = await runBench({ config, numAnswers: 5, batchSize: 2, repetitions: 2, work });
    expect(report.results.map((result) => result.name)).toEqual(work);
    for (const result of report.results) {
      expect(result.rate, result.name).toBeGreaterThan(0);
      expect(result.limitRate, result.name).toBeGreaterThan(0);
      expect(result.shareOfLimit, result.name).toBeGreaterThan(0);
    }
  });
});
