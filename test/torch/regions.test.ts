import { describe, expect, it } from 'vitest';
import { Random } from '../../src/common/random.js';
import { getNumThreads, scope, setNumThreads, tensor } from '../../src/torch/index.js';
import * as ops from '../../src/torch/operators/index.js';
import {
  overlapOf,
  type PlainBox,
  plainRoiMaxPool,
  plainSuppression,
  plainSurvivingConfidence,
} from '../support/plainDetection.js';

const random = new Random(7);
const uniform = (low: number, high: number): number => Math.fround(low + (high - low) * random.uniform());

/** Boxes crowded enough that many overlap. */
function crowdedBoxes(count: number, side = 60): PlainBox[] {
  return Array.from({ length: count }, () => {
    const [x, y] = [uniform(0, side), uniform(0, side)];
    return [x, y, Math.fround(x + uniform(2, side / 2)), Math.fround(y + uniform(2, side / 2))];
  });
}

function suppression(
  boxes: readonly PlainBox[],
  scores: readonly number[],
  threshold: number,
  suppressEqual = true,
  maxKept = boxes.length,
  bothEnds = true,
): number[] {
  return scope(() =>
    Array.from(
      ops
        .nonMaximumSuppression(
          tensor(boxes.flat(), [boxes.length, 4]),
          tensor(scores),
          threshold,
          suppressEqual,
          bothEnds,
          maxKept,
        )
        .data() as BigInt64Array,
      Number,
    ),
  );
}

describe('nonMaximumSuppression', () => {
  it('keeps what plain loops keep, at any threshold', () => {
    for (const threshold of [0, 0.1, 0.3, 0.5, 0.7, 1]) {
      const boxes = crowdedBoxes(80);
      // Few different scores: ties must keep their order.
      const scores = boxes.map(() => Math.floor(uniform(0, 12)) / 16);
      for (const suppressEqual of [true, false]) {
        const expected = plainSuppression(boxes, scores, threshold, suppressEqual);
        expect(suppression(boxes, scores, threshold, suppressEqual)).toEqual(expected);
        expect(suppression(boxes, scores, threshold, suppressEqual, 5)).toEqual(expected.slice(0, 5));
        expect(suppression(boxes, scores, threshold, suppressEqual, 80, false)).toEqual(
          plainSuppression(boxes, scores, threshold, suppressEqual, false),
        );
      }
    }
  });

  it('counts both ends of a side, and suppresses at the threshold only when told', () => {
    // Sides of 10 and 10, 5 columns shared: 50 / 150 with the + 1; without it 9 x 9 boxes share 4 / 14.
    const boxes: PlainBox[] = [
      [0, 0, 9, 9],
      [5, 0, 14, 9],
    ];
    expect(overlapOf(boxes[0]!, boxes[1]!)).toBe(Math.fround(1 / 3));
    expect(suppression(boxes, [1, 0.5], 0.32)).toEqual([0]);
    expect(suppression(boxes, [1, 0.5], 0.32, true, 2, false)).toEqual([0, 1]);
    // Half of the smaller: 50 / 100 exactly.
    const half: PlainBox[] = [
      [0, 0, 9, 9],
      [0, 0, 4, 9],
    ];
    expect(suppression(half, [1, 0.5], 0.5, true)).toEqual([0]);
    expect(suppression(half, [1, 0.5], 0.5, false)).toEqual([0, 1]);
  });

  it('takes no boxes, and refuses what is not boxes', () => {
    expect(suppression([], [], 0.5)).toEqual([]);
    expect(() =>
      scope(() => ops.nonMaximumSuppression(ops.zeros([3, 5]), ops.zeros([3]), 0.5, true, true, 3)),
    ).toThrow('float32 (n, 4)');
    expect(() =>
      scope(() => ops.nonMaximumSuppression(ops.zeros([3, 4]), ops.zeros([2]), 0.5, true, true, 3)),
    ).toThrow('one for each of 3 boxes');
  });
});

describe('survivingConfidence', () => {
  const confidence = (
    boxes: readonly PlainBox[],
    rows: readonly Float32Array[],
    threshold: number,
  ): Float32Array =>
    scope(() => {
      const flat = tensor(
        rows.flatMap((row) => [...row]),
        [rows.length, rows[0]!.length],
      );
      return ops
        .survivingConfidence(tensor(boxes.flat(), [boxes.length, 4]), flat, 1, threshold, true)
        .toFloat32Array();
    });

  it('is what suppression by every class leaves, on any number of threads', () => {
    // More than 64 boxes and more than one block of 16 classes; 150 classes make several threads' parts.
    const boxes = crowdedBoxes(140);
    const rows = boxes.map(() =>
      Float32Array.from({ length: 151 }, () => (random.uniform() < 0.3 ? 0.25 : uniform(0, 1) ** 4)),
    );
    const before = getNumThreads();
    for (const threshold of [0.1, 0.3]) {
      const expected = plainSurvivingConfidence(boxes, rows, threshold);
      for (const threads of [1, 2]) {
        setNumThreads(threads);
        expect([...confidence(boxes, rows, threshold)]).toEqual(expected);
      }
    }
    setNumThreads(before);
  });

  it('leaves 0 to a box that never stays', () => {
    const boxes: PlainBox[] = [
      [0, 0, 9, 9],
      [0, 0, 9, 9],
    ];
    const rows = [Float32Array.of(0.9, 0.5, 0.3), Float32Array.of(0.1, 0.4, 0.2)];
    expect([...confidence(boxes, rows, 0.3)]).toEqual([0.5, 0]);
  });
});

describe('roiMaxPool', () => {
  const shape = [5, 9, 12] as const;
  const map = Float32Array.from({ length: 5 * 9 * 12 }, () => uniform(-1, 1));
  const pool = (
    boxes: readonly PlainBox[],
    size: number,
    dtype: 'float32' | 'bfloat16' = 'float32',
  ): number[] =>
    scope(() => [
      ...ops
        .roiMaxPool(
          ops.to(tensor(map, [1, ...shape]), dtype),
          tensor(boxes.flat(), [boxes.length, 4]),
          0.0625,
          size,
        )
        .toFloat32Array(),
    ]);

  it('is what plain loops give, for boxes inside, at and over the border', () => {
    const inside = Array.from({ length: 60 }, (): PlainBox => {
      const [x, y] = [uniform(0, 190), uniform(0, 140)];
      return [x, y, uniform(x, 191), uniform(y, 143)];
    });
    const edges: PlainBox[] = [
      [0, 0, 191, 143],
      [0, 0, 0, 0],
      [191, 143, 191, 143],
      // Halves of a cell, which are rounded away from zero.
      [8, 24, 40, 56],
      [-8, -24, 40, 56],
      // Ends before it begins: one cell.
      [100, 100, 20, 20],
      // Beyond the map: every bin is empty.
      [400, 10, 500, 90],
      [150, 100, 400, 400],
    ];
    for (const size of [1, 7, 14]) {
      const boxes = [...inside, ...edges];
      expect(pool(boxes, size)).toEqual(plainRoiMaxPool(map, shape, boxes, 0.0625, size));
    }
    expect(new Set(pool([[400, 10, 500, 90]], 14))).toEqual(new Set([0]));
  });

  it('rounds the bins to float32, which decides whether a cell is in one', () =>
    scope(() => {
      // 62 cells in 14 bins: bin 7 begins at 31 exactly, but 7 x fround(62 / 14) is 30.999998 in float32.
      const row = new Float32Array(62);
      row[30] = 1;
      const pooled = ops.roiMaxPool(
        tensor(row, [1, 1, 1, 62]),
        tensor([0, 0, 61 * 16, 0], [1, 4]),
        0.0625,
        14,
      );
      const bins = pooled.toFloat32Array().subarray(0, 14);
      expect([...bins.keys()].filter((bin) => bins[bin] === 1)).toEqual([6, 7]);
    }));

  it('pools every step-th bin alone, as among all of them', () =>
    scope(() => {
      const values = tensor(map, [1, ...shape]);
      const boxes = crowdedBoxes(4, 150);
      const regions = tensor(boxes.flat(), [4, 4]);
      const whole = pool(boxes, 7); // (4, 5, 7, 7)
      for (const [step, row, column] of [
        [2, 0, 0],
        [2, 1, 0],
        [3, 2, 1],
      ] as const) {
        const some = ops.roiMaxPool(values, regions, 0.0625, 7, step, row, column);
        const isKept = (bin: number): boolean =>
          Math.floor(bin / 7) % step === row && (bin % 7) % step === column;
        expect([...some.toFloat32Array()]).toEqual(whole.filter((_, i) => isKept(i % 49)));
      }
      expect(() => ops.roiMaxPool(values, regions, 0.0625, 7, 2, 7, 0)).toThrow('not among 7 x 7');
    }));

  it('takes bfloat16 and no boxes, and lies with channels last', () =>
    scope(() => {
      const rounded = ops.to(tensor(map), 'bfloat16').toFloat32Array();
      const boxes = crowdedBoxes(6, 150);
      expect(pool(boxes, 14, 'bfloat16')).toEqual(plainRoiMaxPool(rounded, shape, boxes, 0.0625, 14));
      const none = ops.roiMaxPool(tensor(map, [1, ...shape]), ops.zeros([0, 4]), 0.0625, 14);
      expect(none.shape).toEqual([0, 5, 14, 14]);
      const one = ops.roiMaxPool(tensor(map, [1, ...shape]), ops.zeros([1, 4]), 0.0625, 14);
      expect(one.strides[1]).toBe(1);
    }));
});
