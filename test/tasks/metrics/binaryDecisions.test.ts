import { describe, expect, it } from 'vitest';
import { averagePrecision, f1Score } from '../../../src/tasks/metrics/binaryDecisions.js';

const decisions = (labels: readonly number[], scores: readonly number[]) =>
  labels.map((label, i) => ({ isPositive: label === 1, score: scores[i] as number }));

/** Numbers from 0 to 2^15 - 1: the linear congruential generator of the C standard's example, from seed 7. */
function drawn(count: number): number[] {
  let state = 7n;
  return Array.from({ length: count }, () => {
    state = (state * 1103515245n + 12345n) % 2147483648n;
    return Number(state >> 16n);
  });
}

/** 200 examples, a third of the class, whose scores are fiftieths and thus often alike. */
function drawnDecisions() {
  const numbers = drawn(400);
  const labels = numbers.slice(0, 200).map((number) => (number % 3 === 0 ? 1 : 0));
  const scores = numbers.slice(200).map((number, i) => ((number % 50) / 50) * 0.7 + 0.3 * (labels[i] ?? 0));
  return decisions(labels, scores);
}

// The numbers are those of scikit-learn 1.9.1 on the same values: average_precision_score(labels, scores) and
// f1_score(labels, scores > 0.5).
const cases: [string, ReturnType<typeof decisions>, number, number][] = [
  // (1/1 + 2/3) / 2; three are predicted, two of them right, and both are found: 2 * 2 / (3 + 2).
  ['a few', decisions([1, 0, 1, 0], [0.9, 0.8, 0.7, 0.1]), 0.8333333333333333, 0.8],
  // 1/3 * 1/2 + 2/3 * 3/5; a score of exactly 0.5 is not above it.
  ['ties', decisions([1, 0, 1, 1, 0, 0], [0.5, 0.5, 0.5, 0.9, 0.9, 0.1]), 0.5666666666666667, 0.4],
  ['scores that are all alike', decisions([0, 1, 0, 1, 0], Array(5).fill(0.25)), 0.4, 0],
  ['the wrong way round', decisions([1, 1, 0, 0, 0], [0.1, 0.2, 0.6, 0.7, 0.8]), 0.325, 0],
  ['a perfect order', decisions([1, 0, 0, 1], [0.9, 0.1, 0.2, 0.8]), 1, 1],
  ['200 examples with ties', drawnDecisions(), 0.7095743700922053, 0.5390070921985816],
];

describe('decisions on a class', () => {
  it.each(cases)('%s: as scikit-learn says, in any order', (_name, given, precision, f1) => {
    expect(averagePrecision(given)).toBeCloseTo(precision, 12);
    expect(f1Score(given)).toBeCloseTo(f1, 12);
    expect(averagePrecision([...given].reverse())).toBeCloseTo(precision, 12);
    expect(f1Score([...given].reverse())).toBeCloseTo(f1, 12);
  });

  it('have no score where no example is of the class', () => {
    expect(averagePrecision(decisions([0, 0], [0.9, 0.1]))).toBeNull();
    expect(f1Score(decisions([0, 0], [0.9, 0.1]))).toBeNull();
    expect(averagePrecision([])).toBeNull();
  });

  it('go by another threshold', () => {
    const given = decisions([1, 0, 1, 0], [0.9, 0.8, 0.7, 0.1]);
    // Two are predicted, one of them right.
    expect(f1Score(given, 0.75)).toBeCloseTo((2 * 1) / (2 + 2), 12);
  });
});
