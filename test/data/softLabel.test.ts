import { describe, expect, it } from 'vitest';
import { softLabel, softScore, softScoreRule } from '../../src/data/softLabel.js';

/** The evaluation's own words: for each annotator, how many of the others gave the answer, over 3, at most 1; the mean. */
function leavingOneOut(numGave: number, numAnnotators: number): number {
  const gave = Array.from({ length: numAnnotators }, (_, i) => i < numGave);
  const accuracies = gave.map((_, out) => {
    const matching = gave.filter((did, i) => did && i !== out);
    return Math.min(1, matching.length / 3);
  });
  return accuracies.reduce((sum, each) => sum + each, 0) / numAnnotators;
}

describe('soft scores', () => {
  it('of ten annotators are the four values of the published files, to the bit', () => {
    expect([0, 1, 2, 3, 4, 5, 10].map((count) => softScore(count, 10))).toEqual([0, 0.3, 0.6, 0.9, 1, 1, 1]);
  });

  it.each([4, 5, 6, 8, 10, 12, 20])('of %i annotators leave each out once', (numAnnotators) => {
    for (let count = 0; count <= numAnnotators; count++) {
      expect(softScore(count, numAnnotators)).toBeCloseTo(leavingOneOut(count, numAnnotators), 12);
    }
  });

  it('of up to three annotators are shares, so that what all gave is right', () => {
    expect(softScore(1, 1)).toBe(1);
    expect([1, 2].map((count) => softScore(count, 2))).toEqual([0.5, 1]);
    expect([1, 2, 3].map((count) => softScore(count, 3))).toEqual([1 / 3, 2 / 3, 1]);
  });

  it('are 1 for what every annotator gave, and never fall as more give an answer', () => {
    for (let numAnnotators = 1; numAnnotators <= 20; numAnnotators++) {
      expect(softScore(numAnnotators, numAnnotators)).toBe(1);
      for (let count = 1; count <= numAnnotators; count++) {
        expect(softScore(count, numAnnotators)).toBeGreaterThanOrEqual(softScore(count - 1, numAnnotators));
      }
    }
  });

  it('make a label of the answers as they are spelled, in the order in which they were first given', () => {
    const answers = ['red', 'Red', '2', 'red', 'red', '2', 'blue', 'a', 'b', 'c'];
    expect([...softLabel(answers)]).toEqual([
      ['red', 0.9],
      ['Red', 0.3],
      ['2', 0.6],
      ['blue', 0.3],
      ['a', 0.3],
      ['b', 0.3],
      ['c', 0.3],
    ]);
    expect([...softLabel(['yes'])]).toEqual([['yes', 1]]);
    expect(softLabel([]).size).toBe(0);
  });

  it('are told in words', () => {
    expect(softScoreRule(1)).toBe('the one answer scores 1');
    expect(softScoreRule(3)).toBe('of 3 answers, one that 1, 2 gave scores 0.33, 0.67, from 3 on 1');
    expect(softScoreRule(5)).toBe('of 5 answers, one that 1, 2, 3 gave scores 0.27, 0.53, 0.8, from 4 on 1');
    expect(softScoreRule(10)).toBe('of 10 answers, one that 1, 2, 3 gave scores 0.3, 0.6, 0.9, from 4 on 1');
  });
});
