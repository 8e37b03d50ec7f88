/** @file Regions that were computed in batches of different sizes. */

import { expect } from 'vitest';
import { runtimeInfo } from '../../src/torch/runtime.js';

/**
 * Debian's libtorch gives a row of a product the same bits whatever stands beside it. The libraries that libtorch 2 is
 * built with do not: measured 1.5e-7 of the largest value.
 */
const TOLERANCE = runtimeInfo().torchVersion.startsWith('1.') ? 0 : 1e-6;

/** Plain objects and arrays alike, numbers of typed arrays within rounding of the largest in theirs. */
export function expectSameRegions(found: unknown, expected: unknown, place = 'regions'): void {
  if (expected instanceof Float32Array) {
    expect(found, place).toBeInstanceOf(Float32Array);
    const values = found as Float32Array;
    expect(values.length, place).toBe(expected.length);
    const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const off = expected.reduce(
      (most, value, i) => Math.max(most, Math.abs(value - (values[i] ?? Number.NaN))),
      0,
    );
    expect(off, place).toBeLessThanOrEqual(TOLERANCE * largest);
  } else if (typeof expected === 'object' && expected !== null && !ArrayBuffer.isView(expected)) {
    const keys = Object.keys(expected);
    expect(Object.keys(found as object), place).toEqual(keys);
    for (const key of keys) {
      const of = (whole: unknown): unknown => (whole as Record<string, unknown>)[key];
      expectSameRegions(of(found), of(expected), `${place}.${key}`);
    }
  } else {
    expect(found, place).toEqual(expected);
  }
}
