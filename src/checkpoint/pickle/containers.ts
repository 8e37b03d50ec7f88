/** @file The lists, tuples and dicts of a pickle as arrays and maps, no more and no deeper than honest ones are. */

import { PickleError } from './error.js';
import { pickleLimits } from './stack.js';
import { PickleDict, PickleTuple, type PickleValue } from './values.js';

/** Lists in lists; a list that holds itself ends here too. */
const MAX_DEPTH = 16;

/**
 * Lists and tuples as arrays, dicts as maps in their order, and texts, numbers and nothing as they are.
 *
 * @param convertOther gives what stands for any other value, and may have those within it converted
 * @throws PickleError for values that are too many or too deep
 */
export function convertContainers<T>(
  root: PickleValue,
  convertOther: (value: PickleValue & object, convert: (inner: PickleValue) => T) => T,
): T {
  let numValues = 0;
  const convertAt = (value: PickleValue, depth: number): T => {
    // Lists that hold one list many times, level by level, are few values in the pickle and too many here.
    if (++numValues > pickleLimits.values)
      throw new PickleError(`it holds more than ${pickleLimits.values} values`);
    if (value === null || typeof value !== 'object') return value as T;
    // Bytes hold nothing.
    if (depth === 0 && !(value instanceof Uint8Array))
      throw new PickleError(`its lists are nested more than ${MAX_DEPTH} deep`);
    const convert = (inner: PickleValue): T => convertAt(inner, depth - 1);
    if (Array.isArray(value)) return value.map(convert) as T;
    if (value instanceof PickleTuple) return value.items.map(convert) as T;
    if (value instanceof PickleDict)
      return new Map([...value.entries].map(([key, item]) => [convert(key), convert(item)])) as T;
    return convertOther(value, convert);
  };
  return convertAt(root, MAX_DEPTH);
}
