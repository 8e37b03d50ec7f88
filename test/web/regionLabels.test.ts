/** @file Where names of regions are written on the picture. */

import { describe, expect, it } from 'vitest';
import { regionLabels } from '../../web/view/regionLabels.js';

const region = (box: [number, number, number, number], label: string) =>
  ({ box, label, objectConfidence: null, attributeConfidence: null }) as never;

describe('regionLabels', () => {
  const seen = {
    width: 400,
    height: 300,
    regions: [
      region([10, 100, 100, 200], 'dog'),
      region([330, 100, 400, 200], 'a long name at the edge'),
      region([12, 102, 90, 190], 'cat'),
      region([0, 0, 90, 90], 'sky'),
    ],
  };

  it('keeps names within the picture, from its right side backwards', () => {
    const [left, right] = regionLabels(seen, [0, 1], 10);
    expect(left).toMatchObject({ name: 'dog', x: 12, y: 96.5, anchor: 'start' });
    expect(right).toMatchObject({ x: 398, anchor: 'end' });
  });

  it('writes no name over another, the first of them first, and inside a box that begins at the top', () => {
    expect(regionLabels(seen, [0, 2], 10).map(({ region }) => region)).toEqual([0]);
    expect(regionLabels(seen, [2, 0], 10).map(({ region }) => region)).toEqual([2]);
    expect(regionLabels(seen, [3], 10)).toMatchObject([{ y: 11 }]);
  });
});
