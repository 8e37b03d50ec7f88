/** @file A pickle of plain data (lists, dicts, text, numbers) as values of JavaScript; whatever else it asks for is refused. */

import { convertContainers } from './containers.js';
import { PickleError } from './error.js';
import { type PickleEnvironment, readPickle } from './interpreter.js';
import { PickleSource } from './source.js';
import { describeValue } from './values.js';

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

/**
 * Reads one pickle of plain data. Nothing of Python runs.
 *
 * @throws PickleError when it is damaged, or holds anything else: arrays, objects, sets, bytes
 */
export function readPlainPickle(bytes: Uint8Array): PlainValue {
  return convertContainers<PlainValue>(readPickle(PickleSource.of(bytes), environment), (value) => {
    throw new PickleError(`it holds ${describeValue(value)}, not lists and text alone`);
  });
}
