import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { boxesOfSize, clipBoxes, unscaleBoxes } from '../../../../src/vision/detector/caffe/caffeBoxes.js';
import { publishedPath } from '../../../support/published.js';

interface PublishedRow {
  readonly img_id: string;
  readonly img_h: number;
  readonly img_w: number;
  readonly num_boxes: number;
  readonly boxes: readonly (readonly number[])[];
}

/** Size and scale of the image that the detector saw, by the original's rule. */
function scaledSize(height: number, width: number): { height: number; width: number; scale: number } {
  const halfEven = (value: number): number => {
    const floor = Math.floor(value);
    if (value - floor !== 0.5) return Math.round(value);
    return floor % 2 === 0 ? floor : floor + 1;
  };
  let scale = 600 / Math.min(height, width);
  if (halfEven(scale * Math.max(height, width)) > 1000) scale = 1000 / Math.max(height, width);
  return { height: halfEven(height * scale), width: halfEven(width * scale), scale };
}

describe('boxes of the published features', () => {
  const rows = JSON.parse(
    readFileSync(publishedPath('features/train2014_obj36.expected.json'), 'utf8'),
  ) as PublishedRow[];

  it('end, at the border, exactly where a clipped box of the scaled image ends', () => {
    expect(rows.length).toBe(10);
    for (const { img_id, img_h, img_w, boxes } of rows) {
      const { height, width, scale } = scaledSize(img_h, img_w);
      const whole = clipBoxes(Float32Array.of(-50, -50, 5000, 5000), height, width);
      const [x1, y1, x2, y2] = unscaleBoxes(whole, scale);
      const column = (k: number): number[] => boxes.map((box) => Math.fround(box[k]!));
      expect(Math.max(...column(2)), img_id).toBe(x2);
      expect(Math.max(...column(3)), img_id).toBe(y2);
      expect(Math.min(...column(0)), img_id).toBe(x1);
      expect(Math.min(...column(1)), img_id).toBe(y1);
    }
  });

  it('are float32 quotients: what a float64 division gives differs in three images', () => {
    const differing = rows.filter(({ img_h, img_w }) => {
      const { height, width, scale } = scaledSize(img_h, img_w);
      return [width - 1, height - 1].some(
        (last) => unscaleBoxes(Float32Array.of(last), scale)[0] !== Math.fround(last / scale),
      );
    });
    expect(differing.length).toBe(3);
  });

  it('all have the shortest side that proposals must have', () => {
    for (const { img_id, img_h, img_w, num_boxes, boxes } of rows) {
      const { scale } = scaledSize(img_h, img_w);
      const scaled = Float32Array.from(boxes.flat(), (value) => value * scale);
      // A thousandth for going back and forth.
      expect(boxesOfSize(scaled, 16 * scale - 1e-3).length, img_id).toBe(num_boxes);
    }
  });
});
