/** @file A pickle of plain data (lists, dicts, text, numbers) as values of JavaScript; whatever else it asks for is refused. */

import { PickleError } from './error.js';
import { type PickleEnvironment, readPickle } from './interpreter.js';
import { PickleSource } from './source.js';
import { pickleLimits } from './stack.js';
import { describeValue, PickleDict, PickleTuple, type PickleValue } from './values.js';

/** What a pickle of plain data holds: lists and tuples as arrays, dicts as maps in their order. */
export type PlainValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly PlainValue[]
  | ReadonlyMap<PlainValue, PlainValue>;

const environment: PickleEnvironment = {
  findGlobal: () => undefined,
  persistentLoad: (id) => {
    throw new PickleError(`it refers to ${describeValue(id)}, which lies outside the file`);
  },
};

/** Lists in lists; a list that holds itself ends here too. */
const MAX_DEPTH = 16;

/**
 * Reads one pickle of plain data. Nothing of Python runs.
 *
 * @throws PickleError when it is damaged, or holds anything else: arrays, objects, sets, bytes
 */
export function readPlainPickle(bytes: Uint8Array): PlainValue {
  return toPlain(readPickle(PickleSource.of(bytes), environment), MAX_DEPTH, { numValues: 0 });
}

function toPlain(value: PickleValue, depth: number, count: { numValues: number }): PlainValue {
  // Lists that hold one list many times, level by level, are few values in the pickle and too many here.
  if (++count.numValues > pickleLimits.values)
    throw new PickleError(`it holds more than ${pickleLimits.values} values`);
  if (value === null || typeof value !== 'object') return value;
  if (depth === 0) throw new PickleError(`its lists are nested more than ${MAX_DEPTH} deep`);
  if (Array.isArray(value)) return value.map((item) => toPlain(item, depth - 1, count));
  if (value instanceof PickleTuple) return value.items.map((item) => toPlain(item, depth - 1, count));
  if (value instanceof PickleDict) {
    return new Map(
      [...value.entries].map(([key, item]) => [
        toPlain(key, depth - 1, count),
        toPlain(item, depth - 1, count),
      ]),
    );
  }
  throw new PickleError(`it holds ${describeValue(value)}, not lists and text alone`);
}
