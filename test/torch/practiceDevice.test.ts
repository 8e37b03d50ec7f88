import { beforeAll, describe, expect, it } from 'vitest';
import * as torch from '../../src/torch/index.js';
import * as ops from '../../src/torch/operators/index.js';
import { operator } from '../../src/torch/operators/operator.js';
import { kernelCalls, practiceDevice, resetCounts, synchronizations } from '../support/practiceDevice.js';

const { scope, tensor } = torch;
type Tensor = torch.Tensor;

let device: torch.Device;
beforeAll(() => {
  device = practiceDevice() as string as torch.Device;
}, 600_000);

const values = (t: Tensor): number[] => [...t.toFloat32Array()];
const onDevice = (t: Tensor): Tensor => ops.toDeviceOf(t, device);
const normal = (...shape: number[]): Tensor => ops.randn(shape);
const nativeDropout =
  operator<(input: Tensor, p: number, train: boolean) => [Tensor, Tensor]>('aten::native_dropout');

/** The same computation on both devices: the results' bits are the same, for the kernels are. */
function expectSame(inputs: () => Tensor[], compute: (...inputs: Tensor[]) => Tensor | Tensor[]): void {
  scope(() => {
    torch.manualSeed(7);
    const onCpu = inputs();
    const onPractice = onCpu.map(onDevice);
    torch.manualSeed(8);
    const expected = [compute(...onCpu)].flat();
    torch.manualSeed(8);
    const results = [compute(...onPractice)].flat();
    expect(results.length).toBe(expected.length);
    for (const [i, result] of results.entries()) {
      expect(result.device).toBe(device);
      expect(result.dtype).toBe(expected[i]!.dtype);
      expect(result.shape).toEqual(expected[i]!.shape);
      expect(values(result)).toEqual(values(expected[i]!));
    }
  });
}

describe('operators', () => {
  it.each<[string, () => Tensor[], (...inputs: Tensor[]) => Tensor | Tensor[]]>([
    ['matmul', () => [normal(2, 3, 4), normal(4, 5)], ops.matmul],
    ['addmm', () => [normal(5), normal(3, 4), normal(4, 5)], ops.addmm],
    ['linear', () => [normal(2, 3, 4), normal(5, 4), normal(5)], ops.linear],
    ['softmax', () => [normal(3, 4)], (x) => ops.softmax(x, -1)],
    [
      'layer_norm',
      () => [normal(3, 8), normal(8), normal(8)],
      (x, weight, bias) => ops.layerNorm(x, [8], weight!, bias!, 1e-12),
    ],
    ['gelu', () => [normal(3, 4)], (x) => ops.gelu(x)],
    ['embedding', () => [normal(6, 4), ops.randint(0, 6, [2, 3])], (w, i) => ops.embedding(w, i!, 0)],
    ['index_select', () => [normal(6, 4), ops.randint(0, 6, [3])], (x, i) => ops.indexSelect(x, 0, i!)],
    ['cat', () => [normal(2, 4), normal(3, 4)], (a, b) => ops.cat([a, b!], 0)],
    ['split', () => [normal(5, 4)], (x) => ops.split(x, [2, 3])],
    ['sum', () => [normal(3, 4)], (x) => [ops.sum(x), ops.sum(x, [1]), ops.sum(x, [0], true)]],
    ['max with indices', () => [normal(3, 4)], (x) => ops.maxDim(x, 1)],
    ['native_dropout', () => [normal(8, 8)], (x) => nativeDropout(x, 0.4, true)],
    ['dropout', () => [normal(8, 8)], (x) => ops.dropout(x, 0.4, true)],
    ['cross_entropy', () => [normal(4, 5), ops.randint(0, 5, [4])], (x, t) => ops.crossEntropy(x, t!)],
    ['smooth_l1_loss', () => [normal(4, 5), normal(4, 5)], (x, t) => ops.smoothL1(x, t!)],
    ['conv2d', () => [normal(1, 3, 6, 6), normal(4, 3, 3, 3)], (x, w) => ops.conv2d(x, w!, null)],
    ['conversion', () => [normal(4)], (x) => [ops.to(x, 'bfloat16'), ops.to(x, 'int64')]],
    ['index by mask', () => [normal(4, 3)], (x) => ops.index(x, [ops.gt(ops.select(x, 1, 0), 0)])],
    ['numbers as operands', () => [normal(4)], (x) => ops.add(ops.mul(x, 2), 0.5)],
  ])('%s is the same as on the processor', (_name, inputs, compute) => expectSame(inputs, compute));

  it('factories make tensors there', () =>
    scope(() => {
      expect(values(ops.full([2], 3, { device }))).toEqual([3, 3]);
      expect(values(ops.arange(0, 6, 2, { device }))).toEqual([0, 2, 4]);
      expect(values(ops.eye(2, { device }))).toEqual([1, 0, 0, 1]);
      expect(ops.randn([2, 3], { device }).device).toBe(device);
      expect(ops.zerosLike(ops.empty([2], { device, dtype: 'int64' })).device).toBe(device);
    }));

  it('each is one kernel, and its values cannot be read from outside', () =>
    scope(() => {
      const x = onDevice(normal(2, 4));
      resetCounts();
      ops.layerNorm(x, [4], null, null, 1e-5);
      ops.add(x, x);
      expect(kernelCalls('aten::native_layer_norm')).toBe(1);
      expect(kernelCalls('aten::add.Tensor')).toBe(1);
      expect(kernelCalls()).toBe(2);
      expect(() => x.data()).toThrow(/only a CPU tensor/);
    }));
});

describe('autograd', () => {
  it("a small net's gradients are the processor's", () =>
    scope(() => {
      torch.manualSeed(3);
      const inputs = [normal(5, 4), ops.randint(0, 3, [5])];
      const parameters = [normal(6, 4), normal(6), normal(6), normal(6), normal(3, 6), normal(3)];
      const gradientsOn = (move: (t: Tensor) => Tensor): number[][] => {
        const [x, target] = inputs.map(move) as [Tensor, Tensor];
        const leaves = parameters.map((parameter) => ops.detach(move(ops.clone(parameter))));
        for (const leaf of leaves) leaf.requiresGrad = true;
        const [w1, b1, scale, shift, w2, b2] = leaves as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
        const hidden = ops.layerNorm(ops.gelu(ops.linear(x, w1, b1)), [6], scale, shift, 1e-5);
        torch.manualSeed(4);
        const loss = ops.crossEntropy(ops.linear(ops.dropout(hidden, 0.2, true), w2, b2), target);
        loss.backward();
        for (const leaf of leaves) expect(leaf.grad!.device).toBe(x.device);
        return leaves.map((leaf) => values(leaf.grad!));
      };
      const expected = gradientsOn((t) => t);
      expect(gradientsOn(onDevice)).toEqual(expected);
    }));

  it('gradients go through embeddings, views, in-place operators and copies between devices', () =>
    scope(() => {
      torch.manualSeed(5);
      const table = normal(6, 4);
      const indices = tensor([1, 5, 1], [3], 'int64');
      const gradientOn = (move: (t: Tensor) => Tensor): number[] => {
        const leaf = ops.detach(ops.clone(table));
        leaf.requiresGrad = true;
        const rows = ops.embedding(move(leaf), move(indices));
        const flat = ops.view(ops.contiguous(ops.transpose(rows, 0, 1)), [12]);
        const product = ops.mul(flat, flat);
        ops.mul_(ops.narrow(product, 0, 2, 4), 3);
        ops.sum(product).backward();
        expect(leaf.grad!.device).toBe('cpu');
        return values(leaf.grad!);
      };
      const expected = gradientOn((t) => t);
      expect(gradientOn(onDevice)).toEqual(expected);
    }));

  it('a second backward pass adds to the gradients', () =>
    scope(() => {
      const leaf = ops.detach(onDevice(tensor([1, 2])));
      leaf.requiresGrad = true;
      for (let i = 0; i < 2; i++) ops.sum(ops.mul(leaf, leaf)).backward();
      expect(values(leaf.grad!)).toEqual([4, 8]);
    }));
});

describe('memory', () => {
  it('in-place operators give the same handle, and views show what they did', () =>
    scope(() => {
      const x = onDevice(tensor([1, 2, 3, 4, 5, 6], [2, 3]));
      const views = [ops.view(x, [6]), ops.transpose(x, 0, 1), ops.narrow(x, 1, 1, 2), ops.select(x, 0, 1)];
      views.push(ops.asStrided(x, [2], [2], 1), ...ops.unbind(x, 1), ops.viewDType(x, 'int32'));
      for (const v of views) {
        expect(v.device).toBe(device);
        expect(v.sharesStorageWith(x)).toBe(true);
      }
      expect(ops.add_(views[2]!, 10)).toBe(views[2]);
      ops.zero_(views[3]!);
      expect(values(x)).toEqual([1, 12, 13, 0, 0, 0]);
      expect(values(views[1]!)).toEqual([1, 0, 12, 0, 13, 0]);
      ops.copy_(x, tensor([7], [1, 1]));
      expect(values(views[0]!)).toEqual([7, 7, 7, 7, 7, 7]);
    }));

  it('copies are memory of their own', () =>
    scope(() => {
      const x = tensor([1, 2]);
      const there = onDevice(x);
      const back = ops.toDeviceOf(there, 'cpu');
      ops.fill_(there, 5);
      expect([values(x), values(there), values(back)]).toEqual([
        [1, 2],
        [5, 5],
        [1, 2],
      ]);
      expect(ops.clone(there).sharesStorageWith(there)).toBe(false);
    }));

  it('a handle takes over the memory of another one', () =>
    scope(() => {
      const x = onDevice(tensor([1, 2]));
      const other = onDevice(tensor([3, 4, 5]));
      ops.setData(x, other);
      expect(values(x)).toEqual([3, 4, 5]);
      expect(x.sharesStorageWith(other)).toBe(true);
    }));

  it('an output that is too small grows', () =>
    scope(() => {
      const resize = operator<(self: Tensor, size: number[]) => Tensor>('aten::resize_');
      const addOut = operator<(a: Tensor, b: Tensor, alpha: number, out: Tensor) => Tensor>('aten::add.out');
      const x = onDevice(tensor([1, 2]));
      const alias = ops.detach(x);
      resize(x, [4]);
      expect(x.shape).toEqual([4]);
      expect(values(ops.narrow(x, 0, 0, 2))).toEqual([1, 2]);
      expect(alias.sharesStorageWith(x)).toBe(true);
      const out = ops.empty([0], { device });
      expect(addOut(x, x, 1, out)).toBe(out);
      expect(out.shape).toEqual([4]);
      expect(values(ops.narrow(out, 0, 0, 2))).toEqual([2, 4]);
    }));
});

describe('strictness', () => {
  const strangers = /Expected all tensors to be on the same device/;

  it.each<[string, (there: Tensor, here: Tensor) => unknown]>([
    ['add', (there, here) => ops.add(there, here)],
    ['add the other way round', (there, here) => ops.add(here, there)],
    ['add_', (there, here) => ops.add_(here, there)],
    ['matmul', (there, here) => ops.matmul(there, here)],
    ['linear', (there, here) => ops.linear(there, here)],
    ['cat', (there, here) => ops.cat([there, here])],
    ['embedding', (there) => ops.embedding(there, tensor([0], [1], 'int64'))],
    ['index_select', (there) => ops.indexSelect(there, 0, tensor([0], [1], 'int64'))],
    ['where', (there, here) => ops.where(ops.gt(there, 0), there, here)],
    ['layer_norm', (there) => ops.layerNorm(there, [2], tensor([1, 1]), null, 1e-5)],
    ['index of a tensor here', (there, here) => ops.index(here, [ops.gt(there, 0)])],
  ])('%s refuses tensors of two devices', (_name, compute) =>
    scope(() => {
      const here = tensor([1, 2, 3, 4], [2, 2]);
      expect(() => compute(onDevice(here), here)).toThrow(strangers);
    }),
  );

  it('scalars and indices may lie on the processor', () =>
    scope(() => {
      const there = onDevice(tensor([1, 2]));
      expect(values(ops.mul(there, tensor([3], [])))).toEqual([3, 6]);
      expect(values(ops.index(there, [tensor([1], [1], 'int64')]))).toEqual([2]);
    }));

  it('there is one device', () =>
    scope(() => {
      expect(() => ops.zeros([1], { device: 'privateuseone:1' as string as torch.Device })).toThrow(
        /one practice device/,
      );
    }));
});

describe('synchronizations', () => {
  it.each<[string, number, (there: Tensor) => unknown]>([
    ['a copy to the processor', 1, (there) => ops.toDeviceOf(there, 'cpu')],
    ['a copy to the processor without waiting', 0, (there) => ops.toDeviceOf(there, 'cpu', true)],
    ['a copy to the device', 0, () => onDevice(tensor([1]))],
    ['copy_ to the processor', 1, (there) => ops.copy_(ops.zeros([3]), there)],
    ['a conversion', 0, (there) => ops.to(there, 'int64')],
    ['item', 1, (there) => ops.sum(there).item()],
    ['toFloat32Array', 1, (there) => there.toFloat32Array()],
    ['nonzero', 1, (there) => ops.nonzero(there)],
    ['masked_select', 1, (there) => ops.maskedSelect(there, onDevice(tensor([1, 0, 1], [3], 'bool')))],
    ['index by a mask', 1, (there) => ops.index(there, [ops.gt(there, 0)])],
    ['index by numbers', 0, (there) => ops.index(there, [onDevice(tensor([1], [1], 'int64'))])],
    ['equal', 1, (there) => ops.equal(there, there)],
    ['is_nonzero', 1, (there) => operator<(self: Tensor) => boolean>('aten::is_nonzero')(ops.sum(there))],
    ['arithmetic', 0, (there) => ops.softmax(ops.add(ops.mul(there, 2), there), -1)],
  ])('%s counts %i', (_name, count, body) =>
    scope(() => {
      const there = onDevice(tensor([1, 0, 3]));
      resetCounts();
      body(there);
      expect(synchronizations()).toBe(count);
    }),
  );

  it('a backward pass does not wait', () =>
    scope(() => {
      const leaf = ops.detach(onDevice(tensor([1, 0, 3])));
      resetCounts();
      leaf.requiresGrad = true;
      ops.sum(ops.gelu(ops.mul(leaf, 2))).backward();
      expect(synchronizations()).toBe(0);
    }));
});
