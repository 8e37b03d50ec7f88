/** @file Deterministic release: a scope frees the tensors that were made in it and are not part of its result. */

import type { NativeTensor } from './nativeBinding.js';

/** The innermost scope's tensors, or undefined outside every scope. */
let current: Set<NativeTensor> | undefined;

/** Called by the Tensor constructor. Outside a scope the collector is the tensor's only owner: tell it the size. */
export function registerInScope(tensor: NativeTensor): void {
  if (current === undefined) tensor.accountMemory();
  else current.add(tensor);
}

/**
 * Runs `body` and disposes every tensor made inside it, except those in its result: a tensor, or arrays, maps
 * and plain objects of tensors at any depth. Those pass to the enclosing scope. When `body` throws, all are
 * disposed.
 *
 * @throws TypeError when `body` returns a promise: work after an `await` would run in another scope.
 */
export function scope<T>(body: () => T): T {
  const outer = current;
  const made = new Set<NativeTensor>();
  current = made;
  let result: T;
  try {
    result = body();
    if (result instanceof Promise) {
      throw new TypeError('scope needs a function that returns its result, not a promise.');
    }
    passOn(result, made, outer);
  } finally {
    current = outer;
    for (const tensor of made) tensor.release();
  }
  return result;
}

function passOn(value: unknown, made: Set<NativeTensor>, outer: Set<NativeTensor> | undefined): void {
  if (typeof value !== 'object' || value === null) return;
  if (isTensor(value)) {
    if (!made.delete(value)) return;
    if (outer === undefined) value.accountMemory();
    else outer.add(value);
  } else if (Array.isArray(value) || value instanceof Map || value instanceof Set) {
    for (const element of value instanceof Map ? value.values() : value) passOn(element, made, outer);
  } else if (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null) {
    for (const element of Object.values(value)) passOn(element, made, outer);
  }
}

function isTensor(value: object): value is NativeTensor {
  return 'accountMemory' in value && 'release' in value;
}

/** Takes a tensor out of every scope: it lives until it is disposed. For parameters and caches. */
export function keep<T extends NativeTensor>(tensor: T): T {
  current?.delete(tensor);
  return tensor;
}
