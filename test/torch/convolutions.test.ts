/** @file The packed convolutions against libtorch's plain ones. */

import { describe, expect, it } from 'vitest';
import { Random } from '../../src/common/random.js';
import { getNumThreads, scope, setNumThreads, type Tensor, tensor } from '../../src/torch/index.js';
import * as ops from '../../src/torch/operators/index.js';

const random = new Random(17);
const noise = (shape: readonly number[], size = 1): Tensor => {
  const count = shape.reduce((product, side) => product * side, 1);
  return tensor(
    Float32Array.from({ length: count }, () => size * (2 * random.uniform() - 1)),
    shape,
  );
};

/** Weights that keep the size of what goes in. */
const weights = (out: number, channels: number, side: number): Tensor =>
  noise([out, channels, side, side], Math.sqrt(3 / (channels * side * side)));

/** The largest difference as a share of the root mean square. */
function errorOf(actual: Tensor, expected: Tensor): number {
  expect(actual.shape).toEqual(expected.shape);
  const [a, b] = [actual.toFloat32Array(), expected.toFloat32Array()];
  const meanSquare = b.reduce((sum, value) => sum + value * value, 0) / Math.max(1, b.length);
  return (
    a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0) / Math.sqrt(meanSquare || 1)
  );
}

/** One path for both, whatever the layout that comes in. */
function plainRelu(x: Tensor, weight: Tensor, bias: Tensor, options: ops.ConvolutionOptions = {}): Tensor {
  return ops.relu(ops.conv2d(x, weight, bias, options));
}

describe('the 3x3 convolution by tiles', () => {
  // Sides of one tile and many, with and without tiles of 3; channels that fill no vector, no panel and no tile.
  it.each([
    [2, 1, 1, 3, 2],
    [1, 2, 3, 1, 1],
    [3, 7, 7, 16, 32],
    [1, 4, 5, 5, 33],
    [2, 6, 9, 47, 31],
    [1, 13, 8, 70, 100],
    [5, 7, 14, 33, 17],
  ])('is the plain one: %i maps of %i x %i, %i to %i channels', (maps, height, width, channels, outputs) =>
    scope(() => {
      const x = noise([maps, channels, height, width]);
      const weight = weights(outputs, channels, 3);
      const bias = noise([outputs]);
      const packed = ops.packConvolution(weight);
      const expected = plainRelu(x, weight, bias, { padding: 1 });
      expect(errorOf(ops.winogradRelu(x, packed, bias), expected)).toBeLessThan(2e-5);
      expect(errorOf(ops.winogradRelu(ops.channelsLast(x), packed, bias), expected)).toBeLessThan(2e-5);
    }),
  );

  it('keeps what is not a number where it is', () =>
    scope(() => {
      const values = new Float32Array(2 * 8 * 8).fill(1);
      values[0] = Number.NaN;
      const x = tensor(values, [1, 2, 8, 8]);
      const found = ops.winogradRelu(x, ops.packConvolution(weights(1, 2, 3)), tensor([0], [1]));
      const numbers = found.toFloat32Array();
      expect(numbers[0]).toBeNaN();
      expect(numbers[63]).not.toBeNaN();
    }));

  it('refuses what is not its own', () =>
    scope(() => {
      const packed = ops.packConvolution(weights(4, 3, 3));
      const bias = noise([4]);
      expect(() => ops.winogradRelu(noise([1, 2, 5, 5]), packed, bias)).toThrow(
        'must be float32 (N, 3, H, W)',
      );
      expect(() => ops.winogradRelu(noise([1, 3, 5, 5]), packed, noise([3]))).toThrow('bias must be 4');
      expect(() =>
        ops.winogradRelu(noise([1, 3, 5, 5]), ops.packConvolution(weights(4, 3, 1)), bias),
      ).toThrow('not those of a 3x3 convolution');
      expect(() => ops.packConvolution(weights(4, 3, 5))).toThrow('(outputs, channels, 1, 1)');
    }));
});

interface Block {
  readonly reduce: Tensor;
  readonly spread: Tensor;
  readonly restore: Tensor;
  readonly project: Tensor | null;
  readonly biases: readonly [Tensor, Tensor, Tensor, Tensor];
}

function randomBlock(input: number, middle: number, output: number, projects: boolean): Block {
  return {
    reduce: weights(middle, input, 1),
    spread: weights(middle, middle, 3),
    restore: weights(output, middle, 1),
    project: projects ? weights(output, input, 1) : null,
    biases: [noise([middle]), noise([middle]), noise([output]), noise([output])],
  };
}

function plainBlock(x: Tensor, { reduce, spread, restore, project, biases }: Block, stride: number): Tensor {
  const first = plainRelu(x, reduce, biases[0], { stride });
  const second = plainRelu(first, spread, biases[1], { padding: 1 });
  const shortcut = project === null ? x : ops.conv2d(x, project, biases[3], { stride });
  return ops.relu(ops.add(ops.conv2d(second, restore, biases[2]), shortcut));
}

function packedBlock(x: Tensor, block: Block, stride: number, placesAtOnce: number): Tensor {
  const { reduce, spread, restore, project, biases } = block;
  return ops.packedResidualBlock(
    x,
    ops.packConvolution(reduce),
    biases[0],
    ops.packConvolution(spread),
    biases[1],
    ops.packConvolution(restore),
    biases[2],
    project === null ? [] : ops.packConvolution(project),
    project === null ? null : biases[3],
    stride,
    placesAtOnce,
  );
}

describe('the residual block', () => {
  it.each([
    ['with a projection', [5, 7, 7], [20, 9, 37], true, 1],
    ['with a projection and a stride', [2, 11, 14], [20, 9, 37], true, 2],
    ['without', [5, 7, 7], [37, 9, 37], false, 1],
    ['of many channels', [3, 9, 6], [130, 66, 130], false, 1],
  ] as const)('is the plain one: %s', (_, [maps, height, width], [input, middle, output], projects, stride) =>
    scope(() => {
      const block = randomBlock(input, middle, output, projects);
      const x = ops.channelsLast(noise([maps, input, height, width]));
      const expected = plainBlock(x, block, stride);
      for (const placesAtOnce of [1, 2 * height * width, 100_000]) {
        expect(errorOf(packedBlock(x, block, stride, placesAtOnce), expected)).toBeLessThan(2e-5);
      }
    }),
  );

  it('does not depend on threads or on the maps beside one', () =>
    scope(() => {
      const block = randomBlock(64, 48, 64, false);
      const x = ops.channelsLast(noise([8, 64, 7, 7]));
      const threads = getNumThreads();
      const results = [1, 2, 3].map((count) => {
        setNumThreads(count);
        return packedBlock(x, block, 1, 100 * count).toFloat32Array();
      });
      setNumThreads(threads);
      expect(results[1]).toEqual(results[0]);
      expect(results[2]).toEqual(results[0]);
      const alone = packedBlock(ops.channelsLast(ops.narrow(x, 0, 5, 1)), block, 1, 49).toFloat32Array();
      expect(alone).toEqual(results[0]!.subarray(5 * alone.length, 6 * alone.length));
    }));

  it('refuses convolutions that do not fit each other', () =>
    scope(() => {
      const block = randomBlock(6, 5, 7, false);
      expect(() => packedBlock(noise([1, 6, 7, 7]), block, 1, 49)).toThrow('do not fit each other');
    }));
});
