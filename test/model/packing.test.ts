import { describe, expect, it } from 'vitest';
import { firstRows, pack, packingOf, repeatSequences, Segments, unpack } from '../../src/model/packing.js';
import { scope, type Tensor, tensor } from '../../src/torch/index.js';

const values = (t: Tensor): number[] => [...t.toFloat32Array()];

describe('packing', () => {
  it('keeps what a mask lets through, holes included, and puts it back with zeros between', () =>
    scope(() => {
      const mask = tensor([1, 1, 0, 1, 0, 1], [2, 3]);
      const packing = packingOf(2, 3, mask);
      expect(packing).toMatchObject({ lengths: [2, 2], starts: [0, 2], numKeys: [2, 2], numRows: 4 });
      const padded = tensor([1, 2, 3, 4, 5, 6], [2, 3, 1]);
      const rows = pack(padded, packing);
      expect(values(rows)).toEqual([1, 2, 4, 6]);
      const back = unpack(rows, packing);
      expect(back.shape).toEqual([2, 3, 1]);
      expect(values(back)).toEqual([1, 2, 0, 4, 0, 6]);
      expect(values(firstRows(rows, packing))).toEqual([1, 4]);
    }));

  it('copies nothing without padding', () =>
    scope(() => {
      const packing = packingOf(2, 2, undefined);
      expect(packing.places).toBeNull();
      const padded = tensor([1, 2, 3, 4], [2, 2, 1]);
      expect(pack(padded, packing).sharesStorageWith(padded)).toBe(true);
    }));

  it('can keep padding, which nothing attends to', () =>
    scope(() => {
      const packing = packingOf(2, 3, tensor([1, 1, 0, 1, 1, 1], [2, 3]), 'kept');
      expect(packing).toMatchObject({ lengths: [3, 3], numKeys: [2, 3], numRows: 6, places: null });
      expect(() => packingOf(1, 3, tensor([1, 0, 1], [1, 3]), 'kept')).toThrow('only at the end');
    }));

  it('refuses a mask of another shape', () =>
    scope(() => {
      expect(() => packingOf(2, 3, tensor([1, 1], [1, 2]))).toThrow('2 sequences of 3 places');
    }));

  it('repeats sequences, and says when one is not there', () =>
    scope(() => {
      const packing = packingOf(2, 2, tensor([1, 1, 1, 0], [2, 2]));
      const rows = tensor([10, 11, 20], [3, 1]);
      const repeated = repeatSequences(rows, packing, [1, 0, 1]);
      expect(values(repeated.rows)).toEqual([20, 10, 11, 20]);
      expect(repeated.packing).toMatchObject({ lengths: [1, 2, 1], starts: [0, 1, 3], numRows: 4 });
      expect(values(unpack(repeated.rows, repeated.packing))).toEqual([20, 0, 10, 11, 20, 0]);
      expect(() => repeatSequences(rows, packing, [2])).toThrow('Image 2 was asked for, but there are 2');
    }));
});

describe('Segments', () => {
  it('of both ways put the second kind below the first', () =>
    scope(() => {
      const words = packingOf(2, 3, tensor([1, 1, 0, 1, 1, 1], [2, 3]));
      const regions = packingOf(2, 4, undefined);
      expect([...Segments.bothWays(words, regions).tensor().toFloat32Array()]).toEqual([
        0, 2, 5, 4, 2, 3, 9, 4, 5, 4, 0, 2, 9, 4, 2, 3,
      ]);
      expect(Segments.firstRows(words).list).toEqual([
        { queryStart: 0, numQueries: 1, keyStart: 0, numKeys: 2 },
        { queryStart: 1, numQueries: 1, keyStart: 2, numKeys: 3 },
      ]);
    }));
});
