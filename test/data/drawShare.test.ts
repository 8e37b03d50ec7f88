import { describe, expect, it } from 'vitest';
import { drawShare } from '../../src/data/drawShare.js';

const items = Array.from({ length: 1000 }, (_, i) => `item ${i}`);

describe('a share', () => {
  it('has its size, keeps the order, and holds nothing twice', () => {
    const kept = drawShare(items, 0.05, 7);
    expect(kept).toHaveLength(50);
    const places = kept.map((item) => items.indexOf(item));
    expect(places).toEqual([...new Set(places)].sort((a, b) => a - b));
  });

  it('is spread over all items', () => {
    const places = drawShare(items, 0.2, 3).map((item) => items.indexOf(item));
    const mean = places.reduce((sum, place) => sum + place, 0) / places.length;
    expect(mean).toBeGreaterThan(400);
    expect(mean).toBeLessThan(600);
  });

  it('is the same for the same seed, another for another, and part of a larger one', () => {
    const kept = drawShare(items, 0.05, 7);
    expect(drawShare(items, 0.05, 7)).toEqual(kept);
    expect(drawShare(items, 0.05, 8)).not.toEqual(kept);
    const more = new Set(drawShare(items, 0.3, 7));
    expect(kept.every((item) => more.has(item))).toBe(true);
  });

  it('is never empty, and all of it is all', () => {
    expect(drawShare(['a', 'b'], 0.01, 1)).toHaveLength(1);
    expect(drawShare(items, 1, 1)).toBe(items);
  });
});
