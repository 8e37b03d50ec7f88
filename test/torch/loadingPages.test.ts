/** @file Pages that only the loading of libraries needed: they are let go, do not come back, and nothing is computed otherwise. */

import { expect, it } from 'vitest';
import { fromTypedArray, releaseLoadingPages, runtimeInfo, scope } from '../../src/torch/index.js';
import * as ops from '../../src/torch/operators/index.js';
import { fileBytes } from '../support/fileBytes.js';

function compute(): number[] {
  return scope(() => {
    const x = fromTypedArray(Float32Array.from([1, 2, 3, 4, 5, 6]), [2, 3]);
    return [...ops.softmax(ops.matmul(x, ops.transpose(x, 0, 1)), 1).toFloat32Array()];
  });
}

it('lets go of what only the loading of libraries needed', () => {
  const before = compute();
  const info = runtimeInfo();
  const loaded = fileBytes();
  const released = releaseLoadingPages();
  expect(released).toBeGreaterThan(40e6);
  expect(loaded - fileBytes()).toBeGreaterThan(0.5 * released);
  expect(compute()).toEqual(before);
  expect(runtimeInfo()).toEqual(info);
  // What came back is what was used, and that is the smaller part.
  expect(releaseLoadingPages()).toBeLessThan(0.5 * released);
  expect(compute()).toEqual(before);
});
