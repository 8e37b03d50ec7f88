/** @file RoI max pooling by window maxima is the bridge's own operator, to the last bit. */

import { describe, expect, it } from 'vitest';
import { Random } from '../../../../src/common/random.js';
import { type DType, fromTypedArray, scope, type Tensor, tensor } from '../../../../src/torch/index.js';
import * as ops from '../../../../src/torch/operators/index.js';
import { poolRegions, windowMaxima } from '../../../../src/vision/detector/gpu/pooling.js';
import { poolingPlan } from '../../../../src/vision/detector/gpu/poolingPlan.js';
import { onDevice, testDevices } from '../../../support/devices.js';

const random = new Random(23);
const uniform = (low: number, high: number): number => low + (high - low) * random.uniform();

/** Boxes within `height` x `width` pixels, on the halves where rounding turns, and some that leave the picture. */
function randomBoxes(height: number, width: number): Float32Array {
  const boxes: number[][] = [
    [0, 0, width - 1, height - 1],
    [8, 8, 24, 40],
    [-30, -9, width + 200, height + 90],
    [width + 50, 3, width + 90, 20],
    [-90, -90, -40, -40],
    [17, 17, 17, 17],
    [40, 40, 20, 20],
  ];
  for (let i = 0; i < 40; i++) {
    const [x, y] = [uniform(0, width - 1), uniform(0, height - 1)];
    const box = [x, y, uniform(x, width - 1), uniform(y, height - 1)];
    boxes.push(i % 2 === 0 ? box : box.map((value) => Math.round(value / 8) * 8));
  }
  return Float32Array.from(boxes.flat());
}

describe.each(testDevices)('pooling on %s', (device) => {
  it.each([
    [[38, 63], 14, 'float32'],
    [[13, 5], 14, 'float32'],
    [[1, 1], 14, 'float32'],
    [[20, 31], 3, 'float32'],
    [[20, 31], 7, 'bfloat16'],
  ] as const)('of a map of %j to %i bins in %s', (size, bins, dtype: DType) => {
    scope(() => {
      const [height, width] = size;
      const channels = 3;
      // Negative values too: bins without cells are 0 all the same.
      const maps = [1, 2].map(() =>
        ops.to(
          tensor(
            Float32Array.from({ length: channels * height * width }, () => uniform(-5, 4)),
            [1, channels, height, width],
          ),
          dtype,
        ),
      );
      const boxes = [randomBoxes(height * 16, width * 16), randomBoxes(height * 16 - 7, width * 16 - 9)];
      const plan = poolingPlan(boxes, { numImages: 2, height, width }, 1 / 16, bins);
      const table = windowMaxima(onDevice(ops.channelsLast(ops.cat(maps)), device), plan);
      const places = onDevice(fromTypedArray(plan.places, [plan.numRegions, 4, bins]), device);
      const pooled = poolRegions(table, places);
      const expected = maps.map((map, i) =>
        ops.roiMaxPool(map, fromTypedArray(boxes[i]!, [boxes[i]!.length / 4, 4]), 1 / 16, bins),
      );
      expect(pooled.shape).toEqual([plan.numRegions, channels, bins, bins]);
      expect(pooled.dtype).toBe(dtype);
      expect(pooled.strides[1]).toBe(1);
      const values = (x: Tensor): Float32Array => x.toFloat32Array().map((value) => value + 0);
      expect(values(pooled)).toEqual(values(ops.cat(expected)));
    });
  });
});
