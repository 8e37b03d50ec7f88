import { describe, expect, it } from 'vitest';
import {
  LateNumbers,
  place,
  ShapeGraphs,
  scope,
  staged,
  type Tensor,
  tensor,
} from '../../src/torch/index.js';
import * as ops from '../../src/torch/operators/index.js';
import { shapeKey, tensorsOf, withTensors } from '../../src/torch/tensorTree.js';
import { gpuDevices } from '../support/devices.js';

describe.each(gpuDevices)('on %s', (device) => {
  it('a tensor is placed once, with its values and format', () => {
    scope(() => {
      const host = tensor([1, 2, 3], [3], 'float16');
      const placed = staged(device, () => place(host, device));
      expect([placed.device, placed.dtype, [...placed.toFloat32Array()]]).toEqual([
        device,
        'float16',
        [1, 2, 3],
      ]);
      expect(place(placed, device)).toBe(placed);
    });
  });

  it('numbers are read after what was computed before they were asked for', () => {
    const numbers = scope(() => {
      const values = place(tensor([1, 2]), device);
      const late = new LateNumbers(ops.mul(values, 3));
      ops.mul_(values, 0);
      return [late];
    });
    expect([...numbers[0]!.read()]).toEqual([3, 6]);
  });

  it('a graph gives for each batch of a shape what its calls give, and is made once', () => {
    scope(() => {
      using graphs = new ShapeGraphs(device, { note: () => undefined, restore: () => undefined });
      let numCalls = 0;
      const body = ({ x, by }: { x: Tensor; by: number }): Tensor => {
        numCalls++;
        return ops.mul(x, by);
      };
      const seen: number[][] = [];
      for (let i = 1; i <= 6; i++) {
        const batch = { x: place(tensor([i, 10 * i]), device), by: 2 };
        seen.push([...graphs.run(batch, body).toFloat32Array()]);
      }
      expect(seen).toEqual([1, 2, 3, 4, 5, 6].map((i) => [2 * i, 20 * i]));
      expect(graphs.numGraphs).toBe(1);
      if (device.startsWith('cuda')) expect(numCalls).toBe(3);
      // Another number is other work.
      const other = { x: place(tensor([1, 1]), device), by: 5 };
      expect([...graphs.run(other, body).toFloat32Array()]).toEqual([5, 5]);
    });
  });
});

describe.each(gpuDevices)('graphs on %s', (device) => {
  it('are given up when work cannot be recorded, and the work is done without them', () => {
    scope(() => {
      const said: string[] = [];
      const around = { note: () => undefined, restore: () => undefined };
      using graphs = new ShapeGraphs(device, { ...around, givenUp: (error) => said.push(String(error)) });
      let numCalls = 0;
      const body = ({ x }: { x: Tensor }): Tensor => {
        if (++numCalls === 3) throw new Error('cannot be recorded');
        return ops.mul(x, 2);
      };
      const seen = [1, 2, 3, 4, 5].map((i) => graphs.run({ x: place(tensor([i]), device) }, body).item());
      expect(seen).toEqual([2, 4, 6, 8, 10]);
      expect([said, graphs.numGraphs]).toEqual([['Error: cannot be recorded'], 0]);
    });
  });
});

describe('a tree of tensors', () => {
  it('has them in order, can be made of others, and is told from trees that kernels would see as different', () => {
    scope(() => {
      const tree = {
        a: tensor([1]),
        list: [tensor([2, 3]), tensor([4])],
        none: null,
        number: 5,
        places: [1, 2],
      };
      expect(tensorsOf(tree).map(({ numel }) => numel)).toEqual([1, 2, 1]);
      const doubled = withTensors(tree, (each) => ops.mul(each, 2));
      expect(tensorsOf(doubled).flatMap((each) => [...each.toFloat32Array()])).toEqual([2, 4, 6, 8]);
      expect(doubled.places).toBe(tree.places);
      expect(shapeKey({ ...tree, places: [7, 8, 9] })).toBe(shapeKey(tree));
      expect(shapeKey({ ...tree, number: 6 })).not.toBe(shapeKey(tree));
      expect(shapeKey({ ...tree, none: tensor([1]) })).not.toBe(shapeKey(tree));
      expect(shapeKey({ ...tree, a: tensor([1], [1], 'float64') })).not.toBe(shapeKey(tree));
    });
  });
});
