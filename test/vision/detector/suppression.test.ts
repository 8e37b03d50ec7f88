import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/common/random.js';
import { nativeSuppression } from '../../../src/vision/detector/nativeSuppression.js';
import { descending, portableSuppression } from '../../../src/vision/detector/suppression.js';

const random = new Random(3);
const uniform = (low: number, high: number): number => low + (high - low) * random.uniform();

/** Boxes crowded enough that many overlap; whole corners, so that overlaps meet limits such as 1 / 2 exactly. */
function crowdedBoxes(count: number, round: (value: number) => number): Float32Array {
  return Float32Array.from(
    Array.from({ length: count }, () => {
      const [x, y] = [round(uniform(0, 60)), round(uniform(0, 60))];
      return [x, y, x + round(uniform(0, 30)), y + round(uniform(0, 30))];
    }).flat(),
  );
}

describe('portableSuppression', () => {
  it('keeps the boxes that the operator keeps, at any threshold, among equals too', () => {
    for (let round = 0; round < 40; round++) {
      const boxes = crowdedBoxes(1 + Math.floor(uniform(0, 120)), round % 2 === 0 ? Math.round : Number);
      const count = boxes.length / 4;
      // Few different scores, of both signs and both zeros, in every other round.
      const scores = Float32Array.from({ length: count }, () =>
        round % 4 < 2 ? Math.round(uniform(-4, 4)) / 8 : uniform(-5, 5),
      );
      for (const overlap of [0, 0.1, 0.3, 1 / 3, 0.5, 0.7, 1]) {
        for (const suppressEqual of [true, false]) {
          for (const bothEnds of [true, false]) {
            const rule = { overlap, suppressEqual, bothEnds, maxKept: round % 3 === 0 ? 5 : count };
            expect(portableSuppression.suppressed(boxes, scores, rule)).toEqual(
              nativeSuppression.suppressed(boxes, scores, rule),
            );
          }
        }
      }
    }
  });

  it('takes boxes without a side and no boxes at all as the operator does', () => {
    const boxes = Float32Array.of(3, 3, 3, 3, 3, 3, 3, 3, 5, 5, 4, 4, 0, 0, 9, 9);
    const scores = Float32Array.of(0.5, 0.5, 0.25, 0.75);
    for (const bothEnds of [true, false]) {
      for (const overlap of [0, 0.5]) {
        const rule = { overlap, suppressEqual: true, bothEnds, maxKept: 4 };
        expect(portableSuppression.suppressed(boxes, scores, rule)).toEqual(
          nativeSuppression.suppressed(boxes, scores, rule),
        );
        expect(portableSuppression.suppressed(new Float32Array(), new Float32Array(), rule)).toEqual([]);
      }
    }
    expect(portableSuppression.survivingConfidence(new Float32Array(), new Float32Array(), 0.3)).toHaveLength(
      0,
    );
  });

  it('finds the confidence that every class leaves, as the operator does', () => {
    for (const numClasses of [2, 17, 151]) {
      const boxes = crowdedBoxes(140, numClasses === 17 ? Math.round : Number);
      const probabilities = Float32Array.from({ length: 140 * numClasses }, () =>
        random.uniform() < 0.3 ? 0.25 : uniform(0, 1) ** 4,
      );
      for (const overlap of [0.1, 0.3, 0.5]) {
        expect(portableSuppression.survivingConfidence(boxes, probabilities, overlap)).toEqual(
          nativeSuppression.survivingConfidence(boxes, probabilities, overlap),
        );
      }
    }
  });

  it('does so at full size: 6,000 proposals, 300 boxes in 1,600 classes', () => {
    const boxes = crowdedBoxes(6000, (value) => value * 10);
    const scores = Float32Array.from({ length: 6000 }, () => random.uniform());
    const rule = { overlap: 0.7, suppressEqual: true, bothEnds: true, maxKept: 300 };
    expect(portableSuppression.suppressed(boxes, scores, rule)).toEqual(
      nativeSuppression.suppressed(boxes, scores, rule),
    );
    const probabilities = Float32Array.from({ length: 300 * 1601 }, () => random.uniform());
    const few = boxes.subarray(0, 300 * 4);
    expect(portableSuppression.survivingConfidence(few, probabilities, 0.3)).toEqual(
      nativeSuppression.survivingConfidence(few, probabilities, 0.3),
    );
  });
});

describe('descending', () => {
  it('orders as a sort by comparison does', () => {
    const scores = Float32Array.from({ length: 500 }, () => Math.round(uniform(-9, 9)) / 4);
    const expected = Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]! || a - b);
    expect([...descending(scores)]).toEqual(expected);
    expect([...descending(Float32Array.of(-0, 0, Infinity, -1, -Infinity, 1e-45))]).toEqual([
      2, 5, 0, 1, 3, 4,
    ]);
  });
});
