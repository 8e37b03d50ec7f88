import { describe, expect, it } from 'vitest';
import { softLabel, softScore } from '../../src/data/softLabel.js';

describe('soft scores', () => {
  it('go by the number of annotators', () => {
    expect([0, 1, 2, 3, 4, 5, 10].map(softScore)).toEqual([0, 0.3, 0.6, 0.9, 1, 1, 1]);
  });

  it('make a label of the answers as they are spelled, in the order in which they were first given', () => {
    const answers = ['red', 'Red', '2', 'red', 'red', '2'];
    expect([...softLabel(answers)]).toEqual([
      ['red', 0.9],
      ['Red', 0.3],
      ['2', 0.6],
    ]);
    expect(softLabel([]).size).toBe(0);
  });
});
