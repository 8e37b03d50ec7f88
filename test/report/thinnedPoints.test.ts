import { describe, expect, it } from 'vitest';
import { ThinnedPoints } from '../../src/report/thinnedPoints.js';

/** A wave with one spike up and one down, at places that no regular thinning keeps. */
const valueAt = (x: number): number => (x === 31_337 ? 500 : x === 77_777 ? -500 : Math.sin(x / 1000));

describe('thinned points', () => {
  it('keeps few points as they are, gaps too', () => {
    const curve = new ThinnedPoints();
    curve.add(1, 5);
    curve.add(2, Number.NaN);
    curve.add(4, 3);
    expect(curve.points).toEqual([
      [1, 5],
      [2, Number.NaN],
      [4, 3],
    ]);
    expect(curve.groupSize).toBe(1);
  });

  it('keeps a long curve short, with its ends, its spikes and only true points', () => {
    const curve = new ThinnedPoints();
    for (let x = 1; x <= 100_000; x++) curve.add(x, valueAt(x));
    const { points } = curve;
    expect(points.length).toBeLessThanOrEqual(2002);
    expect(points.length).toBeGreaterThan(500);
    expect(points[0]?.[0]).toBe(1);
    expect(points.at(-1)?.[0]).toBe(100_000);
    expect(points).toContainEqual([31_337, 500]);
    expect(points).toContainEqual([77_777, -500]);
    for (const [i, [x, y]] of points.entries()) {
      expect(y).toBe(valueAt(x));
      if (i > 0) expect(x).toBeGreaterThan(points[i - 1]![0]);
    }
    // 100,000 points in at most 1,000 groups.
    expect(curve.groupSize).toBe(128);
  });

  it('forgets from a place on, and goes on from there', () => {
    const curve = new ThinnedPoints();
    for (let x = 1; x <= 5000; x++) curve.add(x, 1000 + x);
    curve.dropFrom(3001);
    expect(curve.points.every(([x]) => x <= 3000)).toBe(true);
    for (let x = 3001; x <= 4000; x++) curve.add(x, -x);
    const { points } = curve;
    expect(points.at(-1)).toEqual([4000, -4000]);
    for (const [x, y] of points) expect(y).toBe(x <= 3000 ? 1000 + x : -x);
    curve.dropFrom(0);
    expect(curve.points).toEqual([]);
  });
});
