import { describe, expect, it } from 'vitest';
import { anchorGrid } from '../../../../src/vision/detector/anchorGrid.js';
import { BOTTOM_UP_ATTENTION } from '../../../../src/vision/detector/architecture.js';
import { caffeAnchors } from '../../../../src/vision/detector/caffe/caffeAnchors.js';
import {
  boxesOfSize,
  clipBoxes,
  decodeBoxes,
  unscaleBoxes,
} from '../../../../src/vision/detector/caffe/caffeBoxes.js';

const { anchors } = BOTTOM_UP_ATTENTION;

describe('anchors', () => {
  it('are the twelve boxes of the published code, not those of its comment', () => {
    expect([...caffeAnchors(anchors)]).toEqual(
      [
        [-38, -16, 53, 31],
        [-84, -40, 99, 55],
        [-176, -88, 191, 103],
        [-360, -184, 375, 199],
        [-24, -24, 39, 39],
        [-56, -56, 71, 71],
        [-120, -120, 135, 135],
        [-248, -248, 263, 263],
        [-14, -36, 29, 51],
        [-36, -80, 51, 95],
        [-80, -168, 95, 183],
        [-168, -344, 183, 359],
      ].flat(),
    );
  });

  it('run over rows, then columns, then the twelve', () => {
    const grid = anchorGrid(caffeAnchors(anchors), anchors.stride, 3, 5);
    expect(grid.length).toBe(3 * 5 * 12 * 4);
    const at = (y: number, x: number, a: number): number[] => {
      const first = ((y * 5 + x) * 12 + a) * 4;
      return [...grid.subarray(first, first + 4)];
    };
    expect(at(0, 0, 4)).toEqual([-24, -24, 39, 39]);
    expect(at(0, 2, 4)).toEqual([8, -24, 71, 39]);
    expect(at(2, 1, 11)).toEqual([-168 + 16, -344 + 32, 183 + 16, 359 + 32]);
  });
});

describe('boxes', () => {
  it('are moved by shares of their sides and stretched by exponents', () => {
    const anchor = Float32Array.of(10, 20, 29, 59);
    // Sides 20 and 40 with the + 1, centre (20, 40); a box is centre +- half, so x2 is one further than the anchor's.
    expect([...decodeBoxes(anchor, new Float32Array(4))]).toEqual([10, 20, 30, 60]);
    const doubled = decodeBoxes(anchor, Float32Array.of(0.5, -0.25, Math.log(2), Math.log(0.5)));
    [10, 20, 50, 40].forEach((value, i) => {
      expect(doubled[i]).toBeCloseTo(value, 4);
    });
    // Not limited: exp(10) sides, brought back by the clip.
    const huge = decodeBoxes(anchor, Float32Array.of(0, 0, 10, 10));
    expect(huge[2]).toBeGreaterThan(2e5);
    expect([...clipBoxes(huge, 100, 150)]).toEqual([0, 0, 149, 99]);
  });

  it('are rounded to float32 after every step', () => {
    const anchor = Float32Array.of(-38, -16, 53, 31);
    const deltas = Float32Array.of(0.1, 0.2, 0.3, -0.4);
    const step = Math.fround;
    const width = 92;
    const centre = step(step(step(0.1) * width) + step(-38 + 46));
    const side = step(step(Math.exp(step(0.3))) * width);
    const [x1, , x2] = decodeBoxes(anchor, deltas);
    expect(x1).toBe(step(centre - step(side / 2)));
    expect(x2).toBe(step(centre + step(side / 2)));
  });

  it('too small on one side are left out, and so is what is no number', () => {
    const boxes = Float32Array.of(0, 0, 24, 24, 0, 0, 23, 40, 0, 0, 40, 22.9, Number.NaN, 0, 40, 40);
    expect(boxesOfSize(boxes, 24)).toEqual([0, 1]);
    expect(boxesOfSize(boxes, 25)).toEqual([0]);
  });

  it('come back to the original image by a float32 division', () => {
    // 640 x 360: scale 1.5625, 562 rows, of which the last is 561.
    expect(unscaleBoxes(Float32Array.of(999, 561), 1.5625)).toEqual(Float32Array.of(639.36, 359.04));
    const scale = 600 / 427;
    const [value] = unscaleBoxes(Float32Array.of(898), scale);
    expect(value).toBe(Math.fround(898 / Math.fround(scale)));
  });
});
