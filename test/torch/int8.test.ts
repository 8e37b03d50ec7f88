/**
 * @file Products in 8 bits: whole numbers against a plain loop on every instruction set, and what is rounded against bounds
 * that follow from the rounding.
 */

import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { Random } from '../../src/common/random.js';
import { fromTypedArray, getNumThreads, scope, setNumThreads, type Tensor } from '../../src/torch/index.js';
import * as ops from '../../src/torch/operators/index.js';

/** By name, with the number of levels that rows are rounded to. */
const LEVELS = { avx512vnni: 255, avxvnni: 255, avx2: 127, baseline: 255 };
type KernelName = keyof typeof LEVELS;

const kernels = (Object.keys(LEVELS) as KernelName[]).filter((name) => {
  try {
    scope(() => ops.int8RoundRows(ops.zeros([1, 8]), name));
    return true;
  } catch (error) {
    expect(String(error)).toContain('has no 8-bit kernels');
    return false;
  }
});

const random = new Random(7);
const uniform = (most: number): number => random.integer(most + 1);
/** Normal enough: the sum of twelve. */
const normal = (): number => Array.from({ length: 12 }, () => random.uniform()).reduce((a, b) => a + b) - 6;
const signed = (value: number): number => Math.max(-127, Math.min(127, Math.round(value)));

const int8 = (values: readonly number[], shape: readonly number[]): Tensor =>
  ops.view(fromTypedArray(Int8Array.from(values)), shape);
const floats = (values: Iterable<number>, shape: readonly number[]): Tensor =>
  ops.view(fromTypedArray(Float32Array.from(values)), shape);
const numbersOf = (tensor: Tensor): number[] => Array.from(tensor.data() as ArrayLike<number>);

/** rows (M, stride) by weight (N, K), as whole numbers. */
function plainSums(
  rows: readonly number[],
  stride: number,
  weight: readonly number[],
  depth: number,
): number[] {
  const sums: number[] = [];
  for (let i = 0; i < rows.length / stride; i++) {
    for (let n = 0; n < weight.length / depth; n++) {
      let sum = 0;
      for (let k = 0; k < depth; k++) sum += (rows[i * stride + k] ?? 0) * (weight[n * depth + k] ?? 0);
      sums.push(sum);
    }
  }
  return sums;
}

describe('int8Sums', () => {
  /** What is hardest for sums in 16 bits comes first. */
  const weights: Readonly<Record<string, (k: number) => number>> = {
    'all largest': () => 127,
    'all smallest': () => -127,
    'signs in turn by fours': (k) => (k % 8 < 4 ? 127 : -127),
    'signs at random': () => (random.uniform() < 0.5 ? 127 : -127),
    'of a normal distribution': () => signed(normal() * 40),
  };

  for (const name of kernels) {
    it(`are those of a plain loop with ${name}`, () => {
      for (const [what, draw] of Object.entries(weights)) {
        for (const [numRows, columns, depth] of [
          [1, 1, 1],
          [2, 17, 5],
          [13, 33, 67],
          [25, 70, 256],
        ] as const) {
          const stride = Math.ceil(depth / 8) * 8;
          const weight = Array.from({ length: columns * depth }, (_, i) => draw(i % depth));
          // What lies behind a row's end must count for nothing.
          const rows = Array.from({ length: numRows * stride }, (_, i) =>
            i < stride ? LEVELS[name] : uniform(LEVELS[name]),
          );
          const found = scope(() =>
            numbersOf(
              ops.int8Sums(
                ops.view(fromTypedArray(Uint8Array.from(rows)), [numRows, stride]),
                int8(weight, [columns, depth]),
                name,
              ),
            ),
          );
          expect(found, `${what}, ${numRows} x ${columns} x ${depth}`).toEqual(
            plainSums(rows, stride, weight, depth),
          );
        }
      }
    });
  }

  it('refuse weights of -128, which sums in 16 bits cannot take', () => {
    expect(() =>
      scope(() =>
        ops.int8Sums(ops.view(fromTypedArray(new Uint8Array(8)), [1, 8]), int8([-128], [1, 1]), 'baseline'),
      ),
    ).toThrow('-128');
  });
});

describe('int8RoundRows', () => {
  const rows = [
    Array.from({ length: 67 }, normal),
    Array.from({ length: 67 }, () => 5 + random.uniform()),
    Array.from({ length: 67 }, () => -1000 * random.uniform()),
    Array.from({ length: 67 }, () => 0),
    Array.from({ length: 67 }, (_, k) => (k === 3 ? 1e-35 : 0)),
  ];

  it.each(kernels)('puts no value further than half a step away: %s', (name) => {
    scope(() => {
      const x = floats(rows.flat(), [rows.length, 67]);
      const [values, scales, zeros] = ops.int8RoundRows(x, name).map(numbersOf) as [
        number[],
        number[],
        number[],
      ];
      const given = numbersOf(x);
      for (const [i, scale] of scales.entries()) {
        for (let k = 0; k < 67; k++) {
          const value = given[i * 67 + k] ?? Number.NaN;
          const back = scale * ((values[i * 72 + k] ?? Number.NaN) - (zeros[i] ?? Number.NaN));
          // Half a step; 1e-4 of one for float32's own rounding; flat rows become 0.
          expect(Math.abs(value - back)).toBeLessThanOrEqual(0.5001 * scale + 1e-30);
        }
        // No step wider than it has to be.
        const row = rows[i] ?? [];
        expect(scale).toBeLessThanOrEqual(
          (1.000001 * (Math.max(0, ...row) - Math.min(0, ...row))) / LEVELS[name],
        );
      }
    });
  });

  it('gives the same bytes on every instruction set with as many levels', () => {
    const ofLevels = kernels.filter((name) => LEVELS[name] === 255);
    const found = ofLevels.map((name) =>
      scope(() => ops.int8RoundRows(floats(rows.flat(), [rows.length, 67]), name).map(numbersOf)),
    );
    for (const each of found) expect(each).toEqual(found[0]);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'passes %s on to the product',
    (bad) => {
      scope(() => {
        const x = floats([1, 2, bad, 4, 1, 2, 3, 4], [2, 4]);
        const [values, scales] = ops.roundWeight(floats([1, 2, 3, 4], [1, 4])) as [Tensor, Tensor];
        const [first = 0, second = 0] = numbersOf(
          ops.packedWeightLinear(x, ops.packRounded(values, scales), null),
        );
        expect(first).toBeNaN();
        expect(second).toBeCloseTo(30, 0);
      });
    },
  );
});

describe('roundWeight', () => {
  it('puts no weight further than half a step away, and a row of zeros stays one', () => {
    scope(() => {
      const weight = [...Array.from({ length: 300 }, normal), ...Array.from({ length: 100 }, () => 0)];
      const [values, scales] = ops.roundWeight(floats(weight, [4, 100])).map(numbersOf) as [
        number[],
        number[],
      ];
      for (const [i, value] of weight.entries()) {
        const scale = scales[Math.floor(i / 100)] ?? Number.NaN;
        expect(Math.abs(value - scale * (values[i] ?? Number.NaN))).toBeLessThanOrEqual(0.5001 * scale);
      }
      expect(Math.max(...values.slice(0, 300).map(Math.abs))).toBe(127);
    });
  });

  it('refuses what is not finite', () => {
    expect(() => scope(() => ops.roundWeight(floats([1, Number.NaN], [1, 2])))).toThrow(
      'no numbers or infinite',
    );
  });
});

describe('a packed weight in 8 bits', () => {
  const [numRows, columns, depth] = [50, 77, 131];
  const x = Array.from({ length: numRows * depth }, normal);
  const weight = Array.from({ length: columns * depth }, () => normal() / 10);
  const pack = (values: readonly number[]): Tensor[] => {
    const [rounded, scales] = ops.roundWeight(floats(values, [columns, depth])) as [Tensor, Tensor];
    return ops.packRounded(rounded, scales);
  };

  it('comes back as the numbers that its bytes stand for', () => {
    scope(() => {
      const [values, scales] = ops.roundWeight(floats(weight, [columns, depth])) as [Tensor, Tensor];
      const expected = ops.mul(ops.to(values, 'float32'), ops.view(scales, [columns, 1]));
      expect(numbersOf(ops.unpackWeight(ops.packRounded(values, scales)))).toEqual(numbersOf(expected));
    });
  });

  it('multiplies within what rounding rows and weights can do', () => {
    scope(() => {
      const bias = Array.from({ length: columns }, normal);
      const found = numbersOf(
        ops.packedWeightLinear(floats(x, [numRows, depth]), pack(weight), floats(bias, [columns])),
      );
      // Of 7 bits, which some instruction sets round to.
      const stepOf = (row: readonly number[]) => (Math.max(0, ...row) - Math.min(0, ...row)) / 127;
      for (let i = 0; i < numRows; i++) {
        const row = x.slice(i * depth, (i + 1) * depth);
        for (let n = 0; n < columns; n++) {
          const column = weight.slice(n * depth, (n + 1) * depth);
          const step = Math.max(...column.map(Math.abs)) / 127;
          const exact = row.reduce((sum, value, k) => sum + value * (column[k] ?? 0), bias[n] ?? 0);
          // |x w - x' w'| <= |x - x'| |w| + (|x| + |x - x'|) |w - w'|, each no more than half a step away.
          const away = stepOf(row) / 2;
          const bound = row.reduce(
            (sum, value, k) => sum + away * Math.abs(column[k] ?? 0) + ((Math.abs(value) + away) * step) / 2,
            1e-4,
          );
          expect(Math.abs((found[i * columns + n] ?? Number.NaN) - exact)).toBeLessThanOrEqual(bound);
        }
      }
    });
  });

  it('takes some of the columns, and gives the same bits with any number of threads and rows', () => {
    scope(() => {
      const packed = pack(weight);
      const whole = numbersOf(ops.packedWeightLinear(floats(x, [numRows, depth]), packed, null));
      const part = numbersOf(ops.packedWeightLinear(floats(x, [numRows, depth]), packed, null, 0, 19, 40));
      expect(part).toEqual(whole.filter((_, i) => i % columns >= 19 && i % columns < 59));
      const before = getNumThreads();
      try {
        for (const count of [1, 3, 5]) {
          setNumThreads(count);
          expect(numbersOf(ops.packedWeightLinear(floats(x, [numRows, depth]), packed, null))).toEqual(whole);
        }
      } finally {
        setNumThreads(before);
      }
      const alone = numbersOf(ops.packedWeightLinear(floats(x.slice(0, depth), [1, depth]), packed, null));
      expect(alone).toEqual(whole.slice(0, columns));
    });
  });

  it('has the gradient of the numbers that its bytes stand for', () => {
    scope(() => {
      const packed = pack(weight);
      const rows = ops.clone(floats(x, [numRows, depth]));
      rows.requiresGrad = true;
      ops.sum(ops.packedWeightLinear(rows, packed, null)).backward();
      const sums = ops.sum(ops.unpackWeight(packed), [0]);
      const gradient = numbersOf(rows.grad as Tensor).slice(0, depth);
      for (const [k, value] of numbersOf(sums).entries()) expect(gradient[k]).toBeCloseTo(value, 4);
    });
  });
});

describe('LXMERT_KERNELS', () => {
  it.each([
    ['baseline', 'baseline'],
    ['avx2', 'avx2'],
    ['avx512bf16', 'avx512vnni'],
  ])('of %s takes the 8-bit kernels of %s', (wish, name) => {
    if (!kernels.includes(name as KernelName)) return;
    const script = `
      import { native } from '${path.resolve('dist/src/torch/native.js')}';
      console.log(native().runtimeInfo().int8Kernels);`;
    const found = execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
      env: { ...process.env, LXMERT_KERNELS: wish },
      encoding: 'utf8',
    });
    expect(found.trim()).toBe(name);
  });

  it.each(['', 'AVX2', 'avx10'])('of %j is refused, where plain C++ was taken in silence', async (wish) => {
    vi.stubEnv('LXMERT_KERNELS', wish);
    vi.resetModules();
    const { native } = await import('../../src/torch/native.js');
    expect(() => native()).toThrow(`avx512bf16, or not be set; found ${JSON.stringify(wish)}.`);
    vi.unstubAllEnvs();
    vi.resetModules();
  });
});
