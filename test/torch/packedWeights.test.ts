/** @file Dense layers with packed weights against libtorch's plain products: values, gradients, threads, instruction sets. */

import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { getNumThreads, manualSeed, scope, setNumThreads, type Tensor } from '../../src/torch/index.js';
import * as ops from '../../src/torch/operators/index.js';
import { maxDifference } from '../support/golden.js';

const { ACTIVATIONS } = ops;

/** One row, what one tile holds and one more, several tiles, several blocks of rows; depths and widths of no round size. */
const SHAPES = [
  { rows: 1, depth: 768, columns: 70 },
  { rows: 6, depth: 33, columns: 16 },
  { rows: 7, depth: 5, columns: 3 },
  { rows: 12, depth: 64, columns: 32 },
  { rows: 13, depth: 1, columns: 33 },
  { rows: 46, depth: 100, columns: 96 },
  { rows: 50, depth: 1601, columns: 45 },
  { rows: 145, depth: 37, columns: 300 },
  { rows: 1472, depth: 70, columns: 290 },
];

function plain(x: Tensor, weight: Tensor, bias: Tensor, activation: keyof typeof ACTIVATIONS): Tensor {
  const y = ops.linear(x, weight, bias);
  if (activation === 'gelu') return ops.gelu(y);
  if (activation === 'tanh') return ops.tanh(y);
  return activation === 'relu' ? ops.relu(y) : y;
}

const values = (x: Tensor): Float32Array => x.toFloat32Array();

describe('packWeight', () => {
  it.each([
    [1, 1],
    [7, 5],
    [32, 16],
    [33, 50],
    [100, 129],
  ])('(%i, %i) comes back as it was', (columns, depth) =>
    scope(() => {
      const weight = ops.randn([columns, depth]);
      const packed = ops.packWeight(weight);
      expect(values(ops.unpackWeight(packed))).toEqual(values(weight));
      expect(Array.from(values(packed[1]!))).toEqual([columns, depth]);
    }),
  );

  it('refuses what is not a weight, and lists that are none', () =>
    scope(() => {
      expect(() => ops.packWeight(ops.zeros([3]))).toThrow('must be (columns, depth) float32');
      expect(() => ops.unpackWeight([ops.zeros([3, 4])])).toThrow('a list of tensors from pack_weight');
      const [panels, shape] = ops.packWeight(ops.zeros([40, 8])) as [Tensor, Tensor];
      expect(() => ops.unpackWeight([ops.narrow(panels, 0, 0, 1), shape])).toThrow('on this processor');
      expect(() => ops.packedWeightLinear(ops.zeros([2, 7]), [panels, shape], null)).toThrow(
        'rows of 8 float32',
      );
      expect(() => ops.packedWeightLinear(ops.zeros([2, 8]), [panels, shape], null, 0, 39, 2)).toThrow(
        'columns 39',
      );
    }));
});

describe('packedWeightLinear', () => {
  it.each(SHAPES)('$rows rows of $depth by $columns columns, with every activation', (shape) =>
    scope(() => {
      manualSeed(shape.rows);
      const { rows, depth, columns } = shape;
      const x = ops.randn([rows, depth]);
      const weight = ops.mul(ops.randn([columns, depth]), 1 / Math.sqrt(depth));
      const bias = ops.randn([columns]);
      const packed = ops.packWeight(weight);
      for (const name of ['none', 'gelu', 'tanh', 'relu'] as const) {
        const y = ops.packedWeightLinear(x, packed, bias, ACTIVATIONS[name]);
        expect(y.shape).toEqual([rows, columns]);
        expect(maxDifference(values(y), values(plain(x, weight, bias, name)))).toBeLessThan(1e-5);
      }
    }),
  );

  it('takes any of the columns, no bias, no rows, and rows that lie apart', () =>
    scope(() => {
      manualSeed(2);
      const wide = ops.randn([9, 80]);
      const x = ops.narrow(wide, 1, 3, 40);
      const weight = ops.randn([100, 40]);
      const packed = ops.packWeight(weight);
      for (const [first, count] of [
        [0, 100],
        [31, 2],
        [32, 32],
        [5, 70],
        [99, 1],
        [40, 0],
      ] as const) {
        const y = ops.packedWeightLinear(x, packed, null, 0, first, count);
        const expected = ops.matmul(x, ops.transpose(ops.narrow(weight, 0, first, count), 0, 1));
        expect(y.shape).toEqual([9, count]);
        expect(maxDifference(values(y), values(expected))).toBeLessThan(2e-5);
      }
      expect(ops.packedWeightLinear(ops.zeros([0, 40]), packed, null).shape).toEqual([0, 100]);
    }));

  it('gives the same bits with any number of threads, and to a row in any batch', () =>
    scope(() => {
      manualSeed(3);
      const before = getNumThreads();
      const packed = ops.packWeight(ops.randn([333, 900]));
      const bias = ops.randn([333]);
      const x = ops.randn([300, 900]);
      const run = (rows: Tensor): Float32Array =>
        values(ops.packedWeightLinear(rows, packed, bias, ACTIVATIONS.gelu));
      try {
        const [one, two, five] = [1, 2, 5].map((count) => {
          setNumThreads(count);
          return run(x);
        });
        expect(two).toEqual(one);
        expect(five).toEqual(one);
        for (const [first, count] of [
          [0, 1],
          [17, 46],
          [299, 1],
          [3, 200],
        ] as const) {
          const part = one!.subarray(first * 333, (first + count) * 333);
          expect(run(ops.narrow(x, 0, first, count))).toEqual(part);
        }
      } finally {
        setNumThreads(before);
      }
    }));

  it.each(['none', 'gelu', 'tanh', 'relu'] as const)("has libtorch's gradient by x, with %s", (name) =>
    scope(() => {
      manualSeed(4);
      const weight = ops.mul(ops.randn([70, 30]), 0.2);
      const bias = ops.randn([70]);
      const above = ops.randn([11, 70]);
      const packed = ops.packWeight(weight);
      const x = ops.randn([11, 30]);
      x.requiresGrad = true;
      const gradient = (y: Tensor): Float32Array => {
        ops.sum(ops.mul(y, above)).backward();
        const result = values(x.grad!);
        x.grad = null;
        return result;
      };
      const expected = gradient(plain(x, weight, bias, name));
      const own = gradient(ops.packedWeightLinear(x, packed, bias, ACTIVATIONS[name]));
      expect(maxDifference(own, expected)).toBeLessThan(1e-5);
    }),
  );
});

describe('instruction sets', () => {
  // The choice is made once in a process, so each set runs in its own.
  const script = `
    import { manualSeed, scope } from './src/torch/index.js';
    import * as ops from './src/torch/operators/index.js';
    manualSeed(4);
    const all = [];
    for (const [rows, depth, columns] of [[1, 40, 70], [5, 33, 7], [29, 901, 65], [200, 17, 130]]) {
      const weight = ops.randn([columns, depth]);
      const packed = ops.packWeight(weight);
      const x = ops.randn([rows, depth]);
      const y = ops.packedWeightLinear(x, packed, ops.randn([columns]), ops.ACTIVATIONS.tanh);
      all.push(...y.toFloat32Array(), ...ops.unpackWeight(packed).toFloat32Array());
    }
    console.log(JSON.stringify(all));
  `;
  const run = (kernels: string): number[] =>
    JSON.parse(
      execFileSync(process.execPath, ['--input-type=module', '--eval', script.replaceAll('./src/', DIST)], {
        env: { ...process.env, LXMERT_KERNELS: kernels },
        encoding: 'utf8',
        maxBuffer: 1 << 26,
      }),
    ) as number[];

  it.each(['avx2', 'avx512'])('%s gives what the plainest gives', (name) => {
    const plainest = run('baseline');
    expect(maxDifference(run(name), plainest)).toBeLessThan(1e-4);
  });
});

const DIST = `${path.resolve('dist/src')}/`;
