/** @file Random numbers, sums and instruction sets of the operators over packed rows. */

import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  getNumThreads,
  getRandomState,
  manualSeed,
  scope,
  setNumThreads,
  setRandomState,
  tensor,
} from '../../src/torch/index.js';
import * as ops from '../../src/torch/operators/index.js';
import { maxDifference } from '../support/golden.js';

/** What `body` gives with each number of threads. */
function withThreads<T>(counts: readonly number[], body: () => T): T[] {
  const before = getNumThreads();
  try {
    return counts.map((count) => {
      setNumThreads(count);
      return body();
    });
  } finally {
    setNumThreads(before);
  }
}

const floats = (array: ArrayLike<number>): number[] => Array.from(array);

describe('dropoutFactors', () => {
  const draw = (rows: number, size: number, p: number): Float32Array =>
    scope(() => ops.dropoutFactors(rows, size, p).toFloat32Array());

  it('is the same for a seed whatever the number of threads', () => {
    const [one, two, five] = withThreads([1, 2, 5], () => {
      manualSeed(42);
      return draw(700, 96, 0.1);
    });
    expect(two).toEqual(one);
    expect(five).toEqual(one);
  });

  it('goes on from a saved state, and differs from call to call', () =>
    scope(() => {
      manualSeed(1);
      draw(3, 50, 0.5);
      const state = getRandomState();
      const first = draw(3, 50, 0.5);
      const second = draw(3, 50, 0.5);
      expect(second).not.toEqual(first);
      setRandomState(state);
      expect(draw(3, 50, 0.5)).toEqual(first);
    }));

  it('keeps the right share in every row and column, scaled so that the mean stays', () => {
    manualSeed(5);
    const rows = 400;
    const size = 300;
    const p = 0.1;
    const values = draw(rows, size, p);
    expect(new Set(values).size).toBe(2);
    const scale = Math.max(...values.slice(0, 1000));
    expect(scale).toBeCloseTo(1 / (1 - p), 4);
    const dropped = (indices: number[]): number => indices.filter((i) => values[i] === 0).length;
    const all = dropped(Array.from(values.keys())) / values.length;
    // Five standard deviations of 120,000 draws.
    expect(Math.abs(all - p)).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / (rows * size)));
    for (let k = 0; k < 300; k += 7) {
      const row = dropped(Array.from({ length: size }, (_, i) => k * size + i)) / size;
      const column = dropped(Array.from({ length: rows }, (_, i) => i * size + k)) / rows;
      expect(Math.abs(row - p)).toBeLessThan(0.1);
      expect(Math.abs(column - p)).toBeLessThan(0.1);
    }
  });

  it('has no correlation between neighbours', () => {
    manualSeed(6);
    const p = 0.5;
    const size = 1000;
    const values = draw(200, size, p);
    for (const distance of [1, 2, 8, 16, 128, size]) {
      let both = 0;
      const pairs = values.length - distance;
      for (let i = 0; i < pairs; i++) both += values[i] === 0 && values[i + distance] === 0 ? 1 : 0;
      expect(Math.abs(both / pairs - p * p), `distance ${distance}`).toBeLessThan(0.006);
    }
  });

  it('keeps everything at 0 and refuses what is no probability', () => {
    expect(new Set(draw(2, 9, 0))).toEqual(new Set([1]));
    expect(() => draw(2, 2, 1)).toThrow('at least 0 and below 1');
    expect(() => draw(2, 2, -0.1)).toThrow('at least 0 and below 1');
  });
});

describe('a sublayer in training', () => {
  it('gives the same bits on one and on several threads, gradients included', () =>
    scope(() => {
      manualSeed(9);
      // Small whole numbers multiply and add exactly: BLAS may order the product by its threads, and that is not asked here.
      const x = ops.floor(ops.randn([333, 32]));
      const weight = ops.floor(ops.randn([48, 32]));
      const parameters = [weight, ops.randn([48]), ops.randn([48]), ops.randn([48])] as const;
      for (const leaf of [x, ...parameters]) leaf.requiresGrad = true;
      const [one, three] = withThreads([1, 3], () => {
        manualSeed(10);
        const [weight, bias, normWeight, normBias] = parameters;
        const residual = ops.ones([333, 48]);
        const y = ops.packedSublayerOutput(x, weight, bias, residual, normWeight, normBias, 1e-12, 0.1);
        ops.sum(ops.mul(y, y)).backward();
        const results = [bias, normWeight, normBias].map((leaf) => leaf.grad!.toFloat32Array());
        for (const leaf of [x, ...parameters]) leaf.grad = null;
        return results;
      });
      expect(three).toEqual(one);
    }));
});

describe('sumOfSquares', () => {
  it('is exact to float64 rounding over many values, on any number of threads', () =>
    scope(() => {
      const count = 1_000_003;
      const values = Float32Array.from({ length: count }, (_, i) => Math.sin(i));
      let expected = 0;
      for (const value of values) expected += value * value;
      const [one, two] = withThreads([1, 2], () => ops.sumOfSquares(tensor(values)));
      expect(one).toBe(two);
      expect(Math.abs(one! / expected - 1)).toBeLessThan(1e-6);
    }));
});

describe('instruction sets', () => {
  // The choice is made once in a process, so each set runs in its own.
  const script = `
    import { manualSeed, scope } from './src/torch/index.js';
    import * as ops from './src/torch/operators/index.js';
    import { tensor } from './src/torch/index.js';
    manualSeed(4);
    const all = [];
    const add = (t) => all.push(...t.toFloat32Array());
    for (const dtype of ['float32', 'bfloat16']) {
      const x = ops.to(ops.randn([13, 50]), dtype);
      const weight = ops.to(ops.randn([75, 50]), dtype);
      add(ops.packedLinear(x, weight, null));
      add(ops.packedLinearGelu(x, weight, ops.randn([75])));
      add(ops.packedLayerNorm(x, ops.randn([50]), ops.randn([50]), 1e-12));
      const segments = tensor(Int32Array.from([0, 5, 0, 5, 5, 8, 5, 8]), [2, 4]);
      add(ops.packedSelfAttention(ops.to(ops.randn([13, 150]), dtype), segments, 5, 0));
    }
    add(ops.dropoutFactors(9, 130, 0.2));
    console.log(JSON.stringify(all));
  `;
  const run = (kernels: string): number[] =>
    JSON.parse(
      execFileSync(process.execPath, ['--input-type=module', '--eval', script.replaceAll('./src/', DIST)], {
        env: { ...process.env, LXMERT_KERNELS: kernels },
        encoding: 'utf8',
      }),
    ) as number[];

  it.each(['avx2', 'avx512'])(
    '%s gives what the plainest gives, the same random numbers included',
    (name) => {
      const plainest = run('baseline');
      const other = run(name);
      expect(other.length).toBe(plainest.length);
      // 13 rows times (75 + 75 + 50 + 50) values in float32 come first; then bfloat16, then dropout.
      const half = 13 * 250;
      expect(maxDifference(other.slice(0, half), plainest.slice(0, half))).toBeLessThan(2e-5);
      expect(maxDifference(other.slice(half, 2 * half), plainest.slice(half, 2 * half))).toBeLessThan(0.2);
      expect(floats(other.slice(2 * half))).toEqual(floats(plainest.slice(2 * half)));
    },
  );
});

const DIST = `${path.resolve('dist/src')}/`;
