/** @file A cache with a budget of bytes. */

import { expect, it } from 'vitest';
import { ByteCache } from '../../src/serve/byteCache.js';

it('forgets what was not used for the longest time, and keeps within its budget', () => {
  const cache = new ByteCache<string>(10);
  cache.set('a', 'A', 4);
  cache.set('b', 'B', 4);
  expect(cache.get('a')).toBe('A');
  cache.set('c', 'C', 4);
  expect([cache.get('a'), cache.get('b'), cache.get('c')]).toEqual(['A', undefined, 'C']);
  expect([cache.numBytes, cache.size]).toEqual([8, 2]);
  cache.set('a', 'AA', 6);
  expect([cache.numBytes, cache.get('a')]).toEqual([10, 'AA']);
});

it('does not keep what is larger than all of it', () => {
  const cache = new ByteCache<string>(10);
  cache.set('a', 'A', 4);
  cache.set('b', 'B', 11);
  expect([cache.get('a'), cache.get('b'), cache.numBytes]).toEqual(['A', undefined, 4]);
  // What it had under that name is no longer true.
  cache.set('a', 'A', 11);
  expect([cache.get('a'), cache.numBytes]).toEqual([undefined, 0]);
  const none = new ByteCache<string>(0);
  none.set('a', 'A', 1);
  expect(none.size).toBe(0);
});
