/** @file When tensors end: scopes, disposal, the collector, shared memory, and use from a worker thread. */

import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import * as torch from '../../src/torch/index.js';
import { addonPath } from '../../src/torch/native.js';
import * as ops from '../../src/torch/operators/index.js';

const { keep, liveTensors, scope, tensor } = torch;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Collects until `done` holds; finalizers run between turns of the event loop. */
async function collectUntil(done: () => boolean): Promise<void> {
  for (let i = 0; i < 50 && !done(); i++) {
    collect();
    await setImmediate();
  }
}

describe('scope', () => {
  it('frees what is not part of the result, and its end passes results to the enclosing scope', () => {
    const before = liveTensors();
    const [inner, outer] = scope(() => {
      const made = scope(() => {
        const a = tensor([1]);
        const b = ops.add(a, 1);
        return { list: [b], map: new Map([['c', ops.add(b, 1)]]), set: new Set([ops.add(b, 2)]) };
      });
      expect(liveTensors()).toBe(before + 3);
      expect(made.map.get('c')?.item()).toBe(3);
      return [made.list[0] as torch.Tensor, made.map];
    });
    expect(liveTensors()).toBe(before + 2);
    inner.dispose();
    outer.get('c')?.dispose();
    expect(liveTensors()).toBe(before);
  });

  it('frees everything when the body throws, and when it returns a promise', () => {
    const before = liveTensors();
    expect(() =>
      scope(() => {
        tensor([1]);
        throw new Error('inside');
      }),
    ).toThrow('inside');
    expect(() => scope(async () => tensor([1]))).toThrow(/not a promise/);
    expect(liveTensors()).toBe(before);
  });

  it('leaves kept tensors alone', () => {
    const kept = scope(() => {
      const a = keep(tensor([4]));
      return () => a;
    })();
    expect(kept.item()).toBe(4);
    kept.dispose();
  });
});

describe('dispose', () => {
  it('makes use an error that says so, and a second dispose does nothing', () => {
    const before = liveTensors();
    const a = tensor([1]);
    a.dispose();
    a.dispose();
    expect(a.isDisposed).toBe(true);
    expect(liveTensors()).toBe(before);
    expect(() => a.item()).toThrow(/disposed/);
    expect(() => ops.add(a, 1)).toThrow(/aten::add\.Scalar: .*disposed/);
  });

  it('is what `using` does', () => {
    const before = liveTensors();
    {
      using a = tensor([1]);
      expect(a.item()).toBe(1);
    }
    expect(liveTensors()).toBe(before);
  });

  it('is left to the collector when nobody does it', async () => {
    const before = liveTensors();
    (() => {
      for (let i = 0; i < 10; i++) tensor([i]);
    })();
    expect(liveTensors()).toBe(before + 10);
    await collectUntil(() => liveTensors() === before);
    expect(liveTensors()).toBe(before);
  });

  it('does not end memory that a view still needs', () => {
    const base = tensor([1, 2, 3, 4]);
    const view = ops.narrow(base, 0, 2, 2);
    base.dispose();
    expect([...view.toFloat32Array()]).toEqual([3, 4]);
    view.dispose();
  });

  it('refuses `new Tensor`', () => {
    expect(() => new torch.Tensor()).toThrow(/made by an operator/);
  });
});

describe('shared memory', () => {
  it('shows changes on both sides', () =>
    scope(() => {
      const array = new Float32Array([1, 2, 3]);
      const t = torch.fromTypedArray(array);
      array[0] = 10;
      expect([...t.toFloat32Array()]).toEqual([10, 2, 3]);
      ops.fill_(t, 5);
      expect([...array]).toEqual([5, 5, 5]);
      (t.data() as Float32Array)[1] = 6;
      expect(array[1]).toBe(6);
      expect(tensor(array).data()).not.toBe(array);
    }));

  it('keeps the array alive with the tensor, and the memory with the array', async () => {
    const t = (() => torch.fromTypedArray(new Float64Array(100_000).fill(3)))();
    for (let i = 0; i < 3; i++) {
      collect();
      await setImmediate();
    }
    const sum = ops.sum(t);
    expect(sum.item()).toBe(300_000);
    const view = t.data();
    sum.dispose();
    t.dispose();
    collect();
    await setImmediate();
    expect(view.every((x) => x === 3)).toBe(true);
  });

  it('refuses shapes that do not fit, views of other strides and unnamed 16-bit words', () =>
    scope(() => {
      expect(() => torch.fromTypedArray(new Float32Array(3), [2])).toThrow(/2 elements.*3/);
      expect(() => torch.fromTypedArray(new Float32Array(1), [-1, -1])).toThrow(/at least 0/);
      expect(() => torch.fromTypedArray(new Float32Array(4), [2 ** 40, 2 ** 40])).toThrow(/63 bits/);
      expect(() => torch.fromTypedArray(new Uint16Array(1))).toThrow(/float16/);
      expect(() => ops.transpose(ops.ones([2, 3]), 0, 1).data()).toThrow(/contiguous/);
    }));
});

describe('a worker thread', () => {
  it('loads the addon for itself and works beside the main thread', async () => {
    const worker = new Worker(
      `const { parentPort, workerData } = require('node:worker_threads');
       const addon = require(workerData);
       class T extends addon.TensorHandle {}
       addon.setTensorClass(T);
       const add = addon.resolveOperator('aten::add', 'Scalar').id;
       let t = addon.fromTypedArray(new Float64Array([0]), [1], 'float64');
       for (let i = 0; i < 2000; i++) { const next = addon.callOperator(add, t, 1); t.release(); t = next; }
       parentPort.postMessage({ value: t.itemValue(), live: addon.liveTensors(), own: t instanceof T });`,
      { eval: true, workerData: addonPath() },
    );
    const before = liveTensors();
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    const answer = new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    const total = scope(() => {
      let t = tensor([0]);
      for (let i = 0; i < 2000; i++) t = ops.add(t, 1);
      return t.item();
    });
    expect(total).toBe(2000);
    expect(await answer).toEqual({ value: 2000, live: 1, own: true });
    expect(await ended).toBe(0);
    expect(liveTensors()).toBe(before);
  });
});
