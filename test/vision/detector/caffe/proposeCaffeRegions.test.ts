import { describe, expect, it } from 'vitest';
import { Random } from '../../../../src/common/random.js';
import { BOTTOM_UP_ATTENTION } from '../../../../src/vision/detector/architecture.js';
import { clipBoxes, decodeBoxes } from '../../../../src/vision/detector/caffe/caffeBoxes.js';
import { proposeCaffeRegions } from '../../../../src/vision/detector/caffe/proposeCaffeRegions.js';
import { PROPOSAL_SETTINGS, type RpnOutput } from '../../../../src/vision/detector/proposals.js';
import { portableSuppression } from '../../../../src/vision/detector/suppression.js';
import { overlapOf, type PlainBox, plainSuppression } from '../../../support/plainDetection.js';

const { anchors } = BOTTOM_UP_ATTENTION;
const random = new Random(11);

function randomOutput(height: number, width: number): RpnOutput {
  const values = (count: number, size: number): Float32Array =>
    Float32Array.from({ length: count * height * width }, () => (random.uniform() - 0.5) * size);
  return { height, width, scores: values(24, 6), deltas: values(48, 0.8) };
}

/** Every proposal one by one, straight from the description: its channel, its cell, its anchor. */
function plainProposals(
  { height, width, scores, deltas }: RpnOutput,
  image: { height: number; width: number; scale: number },
  maxBefore: number,
  maxAfter: number,
): PlainBox[] {
  const sizes = [
    [23, 12],
    [16, 16],
    [11, 22],
  ] as const;
  const found: { box: PlainBox; score: number }[] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let a = 0; a < 12; a++) {
        const cell = y * width + x;
        const at = (values: Float32Array, channel: number): number =>
          values[channel * height * width + cell]!;
        const score = 1 / (1 + Math.exp(at(scores, a) - at(scores, 12 + a)));
        const [w, h] = sizes[Math.floor(a / 4)]!.map((side) => side * 2 ** (2 + (a % 4))) as [number, number];
        const anchor = Float32Array.of(
          16 * x + 7.5 - (w - 1) / 2,
          16 * y + 7.5 - (h - 1) / 2,
          16 * x + 7.5 + (w - 1) / 2,
          16 * y + 7.5 + (h - 1) / 2,
        );
        const moved = decodeBoxes(
          anchor,
          Float32Array.from([0, 1, 2, 3], (k) => at(deltas, 4 * a + k)),
        );
        const [x1, y1, x2, y2] = clipBoxes(moved, image.height, image.width) as unknown as PlainBox;
        const minSide = 16 * image.scale;
        if (x2 - x1 + 1 < minSide || y2 - y1 + 1 < minSide) continue;
        found.push({ box: [x1, y1, x2, y2], score });
      }
    }
  }
  const best = found.sort((a, b) => b.score - a.score).slice(0, maxBefore);
  const boxes = best.map(({ box }) => box);
  const kept = plainSuppression(
    boxes,
    best.map(({ score }) => score),
    0.7,
    true,
  );
  return kept.slice(0, maxAfter).map((i) => boxes[i]!);
}

describe('proposeCaffeRegions', () => {
  it('gives the boxes that the description gives one by one', () => {
    const image = { height: 100, width: 140, scale: 1.7 };
    const output = randomOutput(7, 9);
    for (const [maxBefore, maxAfter] of [
      [6000, 300],
      [200, 300],
      [6000, 20],
    ] as const) {
      const expected = plainProposals(output, image, maxBefore, maxAfter).flat();
      const boxes = proposeCaffeRegions(output, image, anchors, portableSuppression, {
        ...PROPOSAL_SETTINGS,
        maxBefore,
        maxAfter,
      });
      expect([...boxes]).toEqual(expected);
    }
  });

  it('keeps at most 300, large enough, inside the image and apart from each other', () => {
    const image = { height: 320, width: 400, scale: 1.25 };
    const boxes = proposeCaffeRegions(randomOutput(20, 25), image, anchors, portableSuppression);
    expect(boxes.length).toBe(300 * 4);
    const list = Array.from(
      { length: 300 },
      (_, i) => [...boxes.subarray(i * 4, i * 4 + 4)] as unknown as PlainBox,
    );
    for (const [i, box] of list.entries()) {
      const [x1, y1, x2, y2] = box;
      expect(Math.min(x2 - x1, y2 - y1) + 1).toBeGreaterThanOrEqual(20 - 1e-4);
      expect(x1 >= 0 && y1 >= 0 && x2 <= 399 && y2 <= 319).toBe(true);
      for (let j = 0; j < i; j++) expect(overlapOf(box, list[j]!)).toBeLessThan(0.7);
    }
  });

  it('may find nothing, and says so when a score is not a number', () => {
    const output = randomOutput(1, 1);
    expect(
      proposeCaffeRegions(output, { height: 16, width: 16, scale: 5 }, anchors, portableSuppression).length,
    ).toBe(0);
    output.scores[12] = Number.NaN;
    expect(() =>
      proposeCaffeRegions(output, { height: 16, width: 16, scale: 1 }, anchors, portableSuppression),
    ).toThrow('score that is not a number');
  });
});
