import { describe, expect, it } from 'vitest';
import {
  allCaffeRegions,
  chooseRegions,
  selectCaffeRegions,
} from '../../../../src/vision/detector/caffe/selectCaffeRegions.js';
import type { RegionOutputs } from '../../../../src/vision/detector/labelledRegions.js';
import { CAFFE_10_100, CAFFE_36 } from '../../../../src/vision/detector/profiles.js';
import { portableSuppression } from '../../../../src/vision/detector/suppression.js';

/** Confidences of `numHits` hits among `count` regions, in no order. */
function confidences(count: number, numHits: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => {
    const rank = (i * 7) % count;
    return rank < numHits ? 0.2 + (rank + 1) / 1000 : rank / (10 * count);
  });
}

const isDescending = (values: number[]): boolean =>
  values.every((value, i) => i === 0 || value <= values[i - 1]!);
const isAscending = (values: number[]): boolean => isDescending([...values].reverse());

describe('chooseRegions', () => {
  it('leaves exactly 36 hits in the order of the proposals', () => {
    const kept = chooseRegions(confidences(300, 36), CAFFE_36);
    expect(kept.length).toBe(36);
    expect(isAscending(kept)).toBe(true);
  });

  it.each([0, 20, 35, 37, 250])('sorts by confidence when there are %i hits instead of 36', (numHits) => {
    const values = confidences(300, numHits);
    const kept = chooseRegions(values, CAFFE_36);
    expect(kept.length).toBe(36);
    expect(isDescending(kept.map((region) => values[region]!))).toBe(true);
    const last = values[kept[35]!]!;
    expect(values.filter((value) => value > last).length).toBe(35);
  });

  it('keeps 10 to 100 hits as they are, and the best 10 or 100 otherwise', () => {
    for (const [numHits, count, sorted] of [
      [9, 10, true],
      [10, 10, false],
      [57, 57, false],
      [100, 100, false],
      [101, 100, true],
    ] as const) {
      const values = confidences(299, numHits);
      const kept = chooseRegions(values, CAFFE_10_100);
      expect(kept.length).toBe(count);
      expect(isAscending(kept)).toBe(!sorted);
      expect(isDescending(kept.map((region) => values[region]!))).toBe(sorted);
    }
  });

  it('counts 0.2 itself as a hit, reverses equals, and gives what there is when proposals are few', () => {
    const rule = { ...CAFFE_36, minBoxes: 2, maxBoxes: 2 };
    expect(
      chooseRegions(Float32Array.of(0, 0.2, 0.1, 0.3), { ...rule, minConfidence: Math.fround(0.2) }),
    ).toEqual([1, 3]);
    expect(chooseRegions(Float32Array.of(0, 0, 0, 0.1), rule)).toEqual([3, 2]);
    expect(chooseRegions(Float32Array.of(0.9, 0.8, 0.7), CAFFE_36)).toEqual([0, 1, 2]);
    expect(chooseRegions(new Float32Array(0), CAFFE_36)).toEqual([]);
  });
});

describe('selectCaffeRegions', () => {
  const outputs: RegionOutputs = {
    numRegions: 3,
    // The first two overlap; the third is apart.
    boxes: Float32Array.of(0, 0, 100, 100, 2, 0, 100, 100, 200, 200, 300, 260),
    features: Float32Array.of(1, 2, 3, 4, 5, 6),
    classProbabilities: Float32Array.of(0.5, 0.3, 0.1, 0.1, 0.05, 0.25, 0.6, 0.1, 0.9, 0.05, 0.03, 0.02),
    attributeProbabilities: Float32Array.of(0.9, 0.04, 0.06, 0.2, 0.5, 0.3, 0.4, 0.3, 0.3),
  };
  const rule = { ...CAFFE_36, minBoxes: 2, maxBoxes: 3 };

  it('names each region by its likeliest label, with the background left out', () => {
    const selected = selectCaffeRegions(outputs, 2, rule, portableSuppression);
    // Region 0 survives in class 1, region 1 in class 2: two hits, in their order. Region 2 reaches 0.05.
    expect(selected.numBoxes).toBe(2);
    expect([...selected.objectsId]).toEqual([0n, 1n]);
    expect(selected.objectsConf).toEqual(Float32Array.of(0.3, 0.6));
    expect([...selected.attrsId]).toEqual([1n, 0n]);
    expect(selected.attrsConf).toEqual(Float32Array.of(0.06, 0.5));
    expect([...selected.boxes]).toEqual([0, 0, 50, 50, 1, 0, 50, 50]);
    expect([...selected.features]).toEqual([1, 2, 3, 4]);
  });

  it('puts the surest first where fewer are hits than the profile wants', () => {
    const selected = selectCaffeRegions(outputs, 2, { ...rule, minBoxes: 3 }, portableSuppression);
    expect([...selected.features]).toEqual([3, 4, 1, 2, 5, 6]);
  });

  it('keeps every region in its order where boxes are given', () => {
    const every = allCaffeRegions(outputs, 2);
    expect([...every.objectsId]).toEqual([0n, 1n, 0n]);
    expect([...every.boxes]).toEqual([...outputs.boxes].map((value) => value / 2));
    expect(every.features).toEqual(outputs.features);
  });

  it('gives an empty row for no proposals and refuses what is not a number', () => {
    const none = new Float32Array(0);
    const empty = {
      numRegions: 0,
      boxes: none,
      features: none,
      classProbabilities: none,
      attributeProbabilities: none,
    };
    expect(selectCaffeRegions(empty, 2, CAFFE_36, portableSuppression).numBoxes).toBe(0);
    const broken = { ...outputs, classProbabilities: outputs.classProbabilities.map(() => Number.NaN) };
    expect(() => selectCaffeRegions(broken, 2, rule, portableSuppression)).toThrow('not a number');
  });
});
