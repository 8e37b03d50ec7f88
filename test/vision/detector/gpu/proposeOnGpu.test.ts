/** @file The same numbers give the same proposals on a GPU as on the processor, to the last bit. */

import { describe, expect, it, vi } from 'vitest';
import { Random } from '../../../../src/common/random.js';
import { LateNumbers, scope, tensor } from '../../../../src/torch/index.js';
import * as ops from '../../../../src/torch/operators/index.js';
import { BOTTOM_UP_ATTENTION } from '../../../../src/vision/detector/architecture.js';
import { proposeCaffeRegions } from '../../../../src/vision/detector/caffe/proposeCaffeRegions.js';
import { proposeDetectron2Regions } from '../../../../src/vision/detector/detectron2/proposeDetectron2Regions.js';
import { proposeOnGpu } from '../../../../src/vision/detector/gpu/proposeOnGpu.js';
import type { RpnOutput, ScaledSize } from '../../../../src/vision/detector/proposals.js';
import { portableSuppression } from '../../../../src/vision/detector/suppression.js';
import { onDevice, testDevices } from '../../../support/devices.js';
import { resetCounts, synchronizations } from '../../../support/practiceDevice.js';

const { anchors } = BOTTOM_UP_ATTENTION;
const random = new Random(19);

/** Logits on a grid of `step`, so that many are equal. */
function randomOutput(height: number, width: number, deltaSize: number, step: number): RpnOutput {
  const values = (count: number, make: () => number): Float32Array =>
    Float32Array.from({ length: count * height * width }, make);
  return {
    height,
    width,
    scores: values(24, () => Math.round((random.uniform() * 8 - 4) / step) * step),
    deltas: values(48, () => (random.uniform() - 0.5) * deltaSize),
  };
}

/** Plain numbers: 0 and -0 are the same place. */
const numbersOf = (boxes: Float32Array): number[] => Array.from(boxes, (value) => value + 0);

const propose = { caffe: proposeCaffeRegions, detectron2: proposeDetectron2Regions } as const;

describe.each(testDevices)('proposals on %s', (device) => {
  function proposed(
    outputs: readonly RpnOutput[],
    images: readonly ScaledSize[],
    rules: 'caffe' | 'detectron2',
  ): Float32Array[] {
    const [{ height, width }] = outputs as [RpnOutput];
    return scope(() => {
      const all = (part: 'scores' | 'deltas', channels: number) =>
        onDevice(
          ops.cat(outputs.map((output) => tensor(output[part], [1, channels, height, width]))),
          device,
        );
      const maps = { scores: all('scores', 24), deltas: all('deltas', 48) };
      resetCounts();
      return proposeOnGpu(maps, images, anchors, rules);
    });
  }

  it.each([
    ['caffe', 'small map', [5, 7], 0.8, 1e-6],
    ['caffe', 'large map, more than are kept before suppression', [23, 24], 0.8, 1e-6],
    ['caffe', 'map of many equal scores', [22, 24], 0.5, 0.5],
    ['caffe', 'map of boxes that are mostly too small or outside', [9, 6], 6, 1e-6],
    ['detectron2', 'small map', [5, 7], 0.8, 1e-6],
    ['detectron2', 'large map, more than are kept before suppression', [23, 24], 0.8, 1e-6],
    ['detectron2', 'map of many equal scores', [22, 24], 0.5, 0.5],
    ['detectron2', 'map with sides that would overflow', [9, 6], 12, 1e-6],
  ] as const)(
    'by the %s rules, a %s: those of the processor, one copy for all',
    (rules, _, [h, w], size, step) => {
      const outputs = [1, 2, 3].map(() => randomOutput(h, w, size, step));
      // One size of input, several scales.
      const images = [1.25, 0.6, 2.1].map((scale) => ({ height: h * 16 - 5, width: w * 16 - 3, scale }));
      using reads = vi.spyOn(LateNumbers.prototype, 'read');
      const found = proposed(outputs, images, rules);
      expect(reads).toHaveBeenCalledTimes(1);
      // Nothing else waits for the device.
      if (device.startsWith('privateuseone')) expect(synchronizations()).toBe(0);
      const expected = outputs.map((output, i) =>
        propose[rules](output, images[i]!, anchors, portableSuppression),
      );
      expect(expected[0]!.length).toBeGreaterThan(4 * 4);
      expect(found.map(numbersOf)).toEqual(expected.map(numbersOf));
    },
  );

  it.each(['caffe', 'detectron2'] as const)('by the %s rules, what is no number is refused', (rules) => {
    const outputs = [randomOutput(3, 4, 0.5, 1e-6), randomOutput(3, 4, 0.5, 1e-6)];
    outputs[1]!.scores[12 * 12 + 5] = Number.NaN;
    // Boxes without a number are too small, whatever their score.
    outputs[1]!.deltas.fill(Number.NaN);
    const image = { height: 48, width: 64, scale: 1 };
    expect(() => proposed(outputs, [image, image], rules)).toThrow(/a score that is not a number/);
  });
});
