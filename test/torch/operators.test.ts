/** @file Declared operators against libtorch's schemas, conversion of arguments and results, gradients, errors. */

import { describe, expect, it } from 'vitest';
import * as torch from '../../src/torch/index.js';
import { native } from '../../src/torch/native.js';
import * as ops from '../../src/torch/operators/index.js';

const { scope, tensor } = torch;

/** Calls an operator without its declared type, as wrong code would. */
function callRaw(name: string, overload: string, ...args: unknown[]): unknown {
  const binding = native();
  return binding.callOperator(binding.resolveOperator(name, overload).id, ...args);
}

const values = (t: torch.Tensor): number[] => [...t.toFloat32Array()];

describe('declared operators', () => {
  for (const declared of ops.declaredOperators()) {
    it(`${declared.name}.${declared.overload} is known to libtorch`, () => {
      const resolved = ops.schemaOf(declared);
      expect(resolved.schema.startsWith(declared.name)).toBe(true);
      expect(resolved.numArguments > 0).toBe(!resolved.schema.includes('() ->'));
    });
  }

  it('refuses a name that libtorch does not know', () => {
    expect(() => native().resolveOperator('aten::no_such_operator', '')).toThrow(/no_such_operator/);
  });
});

describe('arguments and results', () => {
  it('takes tensors, whole numbers, fractions and defaults', () =>
    scope(() => {
      const x = tensor([1, 2, 3]);
      expect(values(ops.add(x, tensor([10, 20, 30])))).toEqual([11, 22, 33]);
      expect(values(ops.add(x, tensor([10, 20, 30]), 2))).toEqual([21, 42, 63]);
      expect(values(ops.mul(x, 0.5))).toEqual([0.5, 1, 1.5]);
    }));

  it('keeps an integer tensor integer when a whole number is added, and not when a fraction is', () =>
    scope(() => {
      const x = tensor([1, 2], [2], 'int64');
      expect(ops.add(x, 2).dtype).toBe('int64');
      expect(ops.add(x, 0.5).dtype).toBe('float32');
    }));

  it('takes booleans, null for None, dtypes, devices and strings', () =>
    scope(() => {
      const x = tensor([1, 2, 3, 4], [2, 2]);
      expect(ops.sum(x, [1], true).shape).toEqual([2, 1]);
      expect(ops.sum(x, [1], false).shape).toEqual([2]);
      expect(values(ops.clamp(x, null, 2))).toEqual([1, 2, 2, 2]);
      expect(ops.zeros([2], { dtype: 'bfloat16', device: 'cpu' }).dtype).toBe('bfloat16');
      const exact = ops.gelu(tensor([1])).item();
      expect(exact).toBeCloseTo(0.8413447, 6);
      expect(ops.gelu(tensor([1]), 'tanh').item()).toBeCloseTo(0.841192, 6);
    }));

  it('takes lists of tensors, lists with holes, and one number for a list of fixed size', () =>
    scope(() => {
      const x = tensor([1, 2, 3, 4], [2, 2]);
      expect(ops.cat([x, x], 1).shape).toEqual([2, 4]);
      expect(values(ops.index(x, [null, tensor([1], [1], 'int64')]))).toEqual([2, 4]);
      const image = ops.ones([1, 1, 4, 4]);
      const pooled = callRaw('aten::avg_pool2d', '', image, 2) as torch.Tensor;
      expect(pooled.shape).toEqual([1, 1, 2, 2]);
    }));

  it('gives several results, lists of results and plain values', () =>
    scope(() => {
      const [largest, where] = ops.maxDim(tensor([3, 9, 4], [1, 3]), 1);
      expect([largest.item(), where.item()]).toEqual([9, 1]);
      expect(ops.chunk(ops.ones([6]), 3).map((t) => t.shape)).toEqual([[2], [2], [2]]);
      expect(ops.equal(tensor([1]), tensor([1]))).toBe(true);
      expect(ops.equal(tensor([1]), tensor([2]))).toBe(false);
    }));

  it('gives the same handle back from an operator in place', () =>
    scope(() => {
      const x = tensor([1, 2]);
      const before = torch.liveTensors();
      expect(ops.mul_(x, 3)).toBe(x);
      expect(ops.zero_(x)).toBe(x);
      expect(torch.liveTensors()).toBe(before);
      expect(values(x)).toEqual([0, 0]);
    }));

  it('converts bigints without loss and refuses fractions where whole numbers belong', () =>
    scope(() => {
      const big = torch.fromTypedArray(new BigInt64Array([9007199254740993n]));
      expect((big.data() as BigInt64Array)[0]).toBe(9007199254740993n);
      expect(() => ops.narrow(ops.ones([4]), 0, 0.5, 1)).toThrow(/expected int for argument 'start'.*0\.5/);
    }));
});

describe('errors', () => {
  it('names the operator and the tensors', () =>
    scope(() => {
      const a = ops.ones([2, 3]);
      const b = ops.ones([4, 5], { dtype: 'float32' });
      expect(() => ops.mm(a, b)).toThrow(/^aten::mm: .*float32 \(2, 3\).*float32 \(4, 5\)/s);
    }));

  it('says which argument was expected and what came', () =>
    scope(() => {
      const x = ops.ones([2]);
      expect(() => callRaw('aten::relu', '', 'text')).toThrow(/aten::relu: .*Tensor.*the string 'text'/);
      expect(() => callRaw('aten::relu', '', {})).toThrow(/an object/);
      expect(() => callRaw('aten::relu', '', x, x)).toThrow(/takes 1 arguments but received 2/);
      expect(() => callRaw('aten::relu', '')).toThrow(/self.*undefined/);
      expect(() => callRaw('aten::to', 'dtype', x, 'float31', false, false)).toThrow(/float31/);
      expect(() => callRaw('aten::zeros', '', [2], 'float32', null, 'nowhere', null)).toThrow(/nowhere/);
    }));

  it('refuses an id that was never given out', () => {
    expect(() => native().callOperator(1e6)).toThrow(/never returned/);
    expect(() => native().callOperator(-1)).toThrow(/never returned/);
  });
});

describe('gradients', () => {
  type Function1 = (x: torch.Tensor) => torch.Tensor;
  const functions: Record<string, Function1> = {
    tanh: (x) => ops.tanh(x),
    gelu: (x) => ops.gelu(x),
    softmax: (x) => ops.pow(ops.softmax(x, -1), 2),
    layerNorm: (x) => ops.pow(ops.layerNorm(x, [3], null, null, 1e-12), 3),
    matmul: (x) => ops.matmul(x, ops.transpose(x, 0, 1)),
  };
  const point = [0.3, -1.2, 0.7, 2.1, 0.05, -0.4];

  for (const [name, f] of Object.entries(functions)) {
    it(`of ${name} agree with central differences`, () =>
      scope(() => {
        const at = (numbers: number[]): number =>
          scope(() => ops.sum(f(tensor(numbers, [2, 3], 'float64'))).item());
        const x = tensor(point, [2, 3], 'float64');
        x.requiresGrad = true;
        ops.sum(f(x)).backward();
        const { grad: gradient } = x;
        if (gradient === null) throw new Error('backward left no gradient');
        const grad = [...(gradient.data() as Float64Array)];
        const h = 1e-5;
        for (const [i, value] of point.entries()) {
          const up = at(point.with(i, value + h));
          const down = at(point.with(i, value - h));
          expect(grad[i]).toBeCloseTo((up - down) / (2 * h), 6);
        }
      }));
  }

  it('are not recorded in noGrad, and are again in withGrad and after a throw', () =>
    scope(() => {
      const x = tensor([2]);
      x.requiresGrad = true;
      expect(torch.noGrad(() => ops.mul(x, 2)).requiresGrad).toBe(false);
      expect(torch.noGrad(() => torch.withGrad(() => ops.mul(x, 2))).requiresGrad).toBe(true);
      expect(() =>
        torch.noGrad(() => {
          throw new Error('inside');
        }),
      ).toThrow('inside');
      expect(ops.mul(x, 2).requiresGrad).toBe(true);
      expect(() => torch.noGrad(async () => 1)).toThrow(TypeError);
      expect(ops.mul(x, 2).requiresGrad).toBe(true);
    }));

  it('can be read, replaced and cleared', () =>
    scope(() => {
      const x = tensor([2, 3]);
      x.requiresGrad = true;
      expect(x.grad).toBeNull();
      ops.sum(ops.mul(x, x)).backward();
      expect(values(x.grad as torch.Tensor)).toEqual([4, 6]);
      x.grad = tensor([7, 8]);
      expect(values(x.grad as torch.Tensor)).toEqual([7, 8]);
      x.grad = null;
      expect(x.grad).toBeNull();
    }));

  it('of chosen inputs leave .grad alone and are null where nothing depends', () =>
    scope(() => {
      const [x, y] = [tensor([2]), tensor([3])];
      x.requiresGrad = true;
      y.requiresGrad = true;
      const [dx, dy] = torch.gradients([ops.mul(x, x)], [x, y]);
      expect(dx?.item()).toBe(4);
      expect(dy).toBeNull();
      expect(x.grad).toBeNull();
    }));
});

describe('random state', () => {
  it('gives equal draws when put back, and equal seeds give equal draws', () =>
    scope(() => {
      torch.manualSeed(5);
      const state = torch.getRandomState();
      const first = values(ops.rand([8]));
      expect(values(ops.rand([8]))).not.toEqual(first);
      torch.setRandomState(state);
      expect(values(ops.rand([8]))).toEqual(first);
      torch.manualSeed(5);
      expect(values(ops.rand([8]))).toEqual(first);
    }));

  it('refuses what is no state', () =>
    scope(() => {
      expect(() => torch.setRandomState(ops.ones([3]))).toThrow(/setRandomState/);
      expect(() => torch.setRandomState({} as torch.Tensor)).toThrow(TypeError);
    }));
});
