import { describe, expect, it } from 'vitest';
import { placeOf } from '../../src/explain/regionPlace.js';

describe('where a region lies', () => {
  const size = { width: 300, height: 150 };
  it.each([
    [[0, 0, 20, 20], 'upper left'],
    [[140, 0, 160, 20], 'top'],
    [[280, 0, 300, 20], 'upper right'],
    [[0, 65, 20, 85], 'left'],
    [[140, 65, 160, 85], 'middle'],
    [[280, 65, 300, 85], 'right'],
    [[0, 130, 20, 150], 'lower left'],
    [[140, 130, 160, 150], 'bottom'],
    [[280, 130, 300, 150], 'lower right'],
    // Quarters of a picture, as the sample world's model has them.
    [[0, 0, 150, 75], 'upper left'],
    [[150, 75, 300, 150], 'lower right'],
    [[0, 0, 300, 150], 'the whole picture'],
    [[5, 5, 295, 145], 'the whole picture'],
    // A stripe over the whole width is not all of it.
    [[0, 0, 300, 30], 'top'],
  ])('%j is %s', (box, place) => {
    expect(placeOf(box, size)).toBe(place);
  });
});
