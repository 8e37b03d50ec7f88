/** @file Every fused operator against its plain counterpart: values and gradients, in both precisions. */

import { describe, expect, it } from 'vitest';
import { crossAttention, selfAttention } from '../../../src/model/functional/attention.js';
import { embedding } from '../../../src/model/functional/embedding.js';
import { layerNorm, sublayerOutput } from '../../../src/model/functional/layerNorm.js';
import { linear, linearGelu } from '../../../src/model/functional/linear.js';
import { withPlainOperators } from '../../../src/model/functional/mode.js';
import type { DenseWeight } from '../../../src/model/leaf.js';
import { Segments } from '../../../src/model/packing.js';
import { type DType, gradients, manualSeed, scope, type Tensor, tensor } from '../../../src/torch/index.js';
import * as ops from '../../../src/torch/operators/index.js';
import { maxDifference, normOf } from '../../support/golden.js';

interface Case {
  /** Float32 tensors to differentiate by; `rows` are converted to the precision of the case. */
  readonly rows: readonly Tensor[];
  readonly parameters: readonly Tensor[];
  readonly compute: (rows: readonly Tensor[], parameters: readonly Tensor[]) => Tensor;
}

/** The output and the gradients of a weighted sum of it. */
function evaluate({ rows, parameters, compute }: Case, dtype: DType): Float32Array[] {
  return scope(() => {
    const inputs = rows.map((row) => ops.to(row, dtype));
    for (const leaf of [...inputs, ...parameters]) leaf.requiresGrad = true;
    manualSeed(7);
    const output = compute(inputs, parameters);
    const weights = tensor(
      Float32Array.from({ length: output.numel }, (_, i) => Math.sin(i)),
      output.shape,
    );
    const loss = ops.sum(ops.mul(ops.to(output, 'float32'), weights));
    const found = gradients([loss], [...inputs, ...parameters]);
    return [output, ...found.map((gradient) => gradient!)].map((t) => t.toFloat32Array());
  });
}

/** bfloat16 has 8 bits: a few roundings of 2^-9 each. */
const TOLERANCES: readonly (readonly [DType, number])[] = [
  ['float32', 2e-6],
  ['bfloat16', 0.02],
];

function expectEqual(make: () => Case): void {
  for (const [dtype, tolerance] of TOLERANCES) {
    scope(() => {
      manualSeed(3);
      const given = make();
      const fused = evaluate(given, dtype);
      const plain = withPlainOperators(() => evaluate(given, dtype));
      expect(fused.length).toBe(plain.length);
      for (const [i, values] of fused.entries()) {
        const expected = plain[i]!;
        const scale = normOf(expected) / Math.sqrt(expected.length);
        expect(maxDifference(values, expected), `result ${i} in ${dtype}`).toBeLessThan(
          // The largest of many differences: some times what one rounding makes of a typical value.
          tolerance * 8 * Math.max(scale, 1e-3),
        );
      }
    });
  }
}

/** As a model that is trained has its weights. */
const plain = (tensor: Tensor): DenseWeight => ({ tensor, packed: undefined });

/** Rows and widths with and without whole vector registers, and few rows and many. */
const SIZES = [
  [3, 16, 48],
  [37, 50, 24],
  [130, 96, 192],
] as const;

describe.each(SIZES)('%i rows of %i values to %i', (numRows, inner, outer) => {
  it('linear, whole and in part', () => {
    for (const range of [undefined, { first: 8, count: outer - 16 }]) {
      expectEqual(() => ({
        rows: [ops.randn([numRows, inner])],
        parameters: [ops.randn([outer, inner]), ops.randn([outer])],
        compute: ([x], [weight, bias]) => linear(x!, plain(weight!), bias!, range),
      }));
    }
  });

  it('linear with GELU', () =>
    expectEqual(() => ({
      rows: [ops.randn([numRows, inner])],
      parameters: [ops.mul(ops.randn([outer, inner]), 0.3), ops.randn([outer])],
      compute: ([x], [weight, bias]) => linearGelu(x!, plain(weight!), bias!),
    })));

  it('layer normalisation', () =>
    expectEqual(() => ({
      rows: [ops.randn([numRows, outer])],
      parameters: [ops.randn([outer]), ops.randn([outer])],
      compute: ([x], [weight, bias]) =>
        layerNorm(x!, { weight: weight!, bias: bias!, size: outer, eps: 1e-12 }),
    })));

  it.each([0, 0.1])('the end of a sublayer with dropout %f', (p) =>
    expectEqual(() => ({
      rows: [ops.randn([numRows, inner]), ops.randn([numRows, outer])],
      parameters: [
        ops.mul(ops.randn([outer, inner]), 0.3),
        ops.randn([outer]),
        ops.randn([outer]),
        ops.randn([outer]),
      ],
      compute: ([x, residual], [weight, bias, normWeight, normBias]) =>
        sublayerOutput(
          x!,
          { weight: plain(weight!), bias: bias! },
          residual!,
          { weight: normWeight!, bias: normBias!, size: outer, eps: 1e-12 },
          p,
        ),
    })),
  );
});

/** Sequences of these lengths one after the other. */
function segmentsOf(lengths: readonly number[], keyLengths: readonly number[] = lengths): Segments {
  let queryStart = 0;
  let keyStart = 0;
  return new Segments(
    lengths.map((numQueries, i) => {
      const segment = { queryStart, numQueries, keyStart, numKeys: keyLengths[i]! };
      queryStart += numQueries;
      keyStart += segment.numKeys;
      return segment;
    }),
  );
}

describe.each([
  [1, 16],
  [4, 12],
  [2, 64],
])('attention with %i heads of %i values', (numHeads, headSize) => {
  const hidden = numHeads * headSize;
  const settings = { numHeads, dropout: 0, wantProbabilities: false };

  it('among ragged sequences', () =>
    expectEqual(() => ({
      rows: [ops.randn([50, 3 * hidden])],
      parameters: [],
      compute: ([projected]) => selfAttention(projected!, segmentsOf([9, 1, 36, 4]), settings).context,
    })));

  it('from ragged sequences to others', () =>
    expectEqual(() => ({
      rows: [ops.randn([14, hidden]), ops.randn([58, 2 * hidden])],
      parameters: [],
      compute: ([queries, keysValues]) =>
        crossAttention(queries!, keysValues!, segmentsOf([9, 1, 4], [36, 5, 17]), settings).context,
    })));

  it('at part of each sequence, and rows that nobody attends to', () =>
    expectEqual(() => ({
      rows: [ops.randn([20, 3 * hidden])],
      parameters: [],
      compute: ([projected]) => {
        const whole = segmentsOf([12, 8]).list;
        return selfAttention(
          projected!,
          new Segments(whole.map((segment) => ({ ...segment, numKeys: segment.numKeys - 3 }))),
          settings,
        ).context;
      },
    })));
});

describe('attention', () => {
  it('at nothing gives zeros, not NaN', () =>
    scope(() => {
      const segments = new Segments([{ queryStart: 0, numQueries: 2, keyStart: 0, numKeys: 0 }]);
      const settings = { numHeads: 1, dropout: 0, wantProbabilities: false };
      const { context } = crossAttention(ops.ones([2, 4]), ops.ones([3, 8]), segments, settings);
      expect([...context.toFloat32Array()]).toEqual(new Array(8).fill(0));
    }));

  it('has the gradient of what dropout left', () =>
    scope(() => {
      const segments = segmentsOf([7, 36]);
      const settings = { numHeads: 2, dropout: 0.3, wantProbabilities: false };
      const projected = ops.randn([43, 48]);
      projected.requiresGrad = true;
      const direction = ops.randn([43, 48]);
      const weights = ops.randn([43, 16]);
      const valueAt = (distance: number): Tensor => {
        manualSeed(11); // the same choice each time
        const moved = ops.add(projected, direction, distance);
        return ops.sum(ops.mul(selfAttention(moved, segments, settings).context, weights));
      };
      const [gradient] = gradients([valueAt(0)], [projected]);
      const slope = ops.sum(ops.mul(gradient!, direction)).item();
      const step = 2e-3;
      const measured = (valueAt(step).item() - valueAt(-step).item()) / (2 * step);
      expect(Math.abs(measured / slope - 1)).toBeLessThan(0.01);
    }));

  it('refuses segments that leave the rows, overlap, or share keys where a gradient is wanted', () =>
    scope(() => {
      const attend = (values: readonly number[], numSegments: number, wantsGradient = false): Tensor => {
        const projected = ops.ones([4, 6]);
        projected.requiresGrad = wantsGradient;
        const segments = tensor(Int32Array.from(values), [numSegments, 4]);
        return ops.packedSelfAttention(projected, segments, 1, 0);
      };
      expect(() => attend([0, 5, 0, 4], 1)).toThrow('segment of queries 0 to 5 of 4');
      expect(() => attend([0, 4, 2, 3], 1)).toThrow('segment of keys 2 to 5 of 4');
      expect(() => attend([-1, 4, 0, 4], 1)).toThrow('segment of queries -1');
      expect(() => attend([0, 3, 0, 4, 2, 2, 0, 4], 2)).toThrow('one segment only');
      expect(() => attend([0, 2, 0, 4, 2, 2, 0, 4], 2, true)).toThrow('keys shared by several segments');
      expect(attend([0, 2, 0, 4, 2, 2, 0, 4], 2).shape).toEqual([4, 2]);
    }));
});

describe('embedding', () => {
  it('looks rows up, adds gradients of equal rows, and gives none to the padding row', () =>
    scope(() => {
      const table = ops.randn([6, 5]);
      table.requiresGrad = true;
      const indices = tensor(Int32Array.from([3, 0, 3, 5]));
      const run = () => {
        const output = embedding(table, indices, 0);
        const [gradient] = gradients([ops.sum(ops.mul(output, output))], [table]);
        return [output.toFloat32Array(), gradient!.toFloat32Array()] as const;
      };
      const [output, gradient] = run();
      const [plainOutput, plainGradient] = withPlainOperators(run);
      expect(output).toEqual(plainOutput);
      expect(maxDifference(gradient, plainGradient)).toBeLessThan(1e-6);
      expect([...gradient.slice(0, 5)]).toEqual([0, 0, 0, 0, 0]);
    }));

  it('refuses an index outside the table', () =>
    scope(() => {
      expect(() => embedding(ops.ones([2, 2]), tensor(Int32Array.from([7])), 0)).toThrow(/index/);
    }));
});
