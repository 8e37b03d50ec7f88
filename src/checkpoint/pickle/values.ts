/** @file The plain data that a pickle turns into. */

/** A Python tuple. */
export class PickleTuple {
  constructor(readonly items: readonly PickleValue[]) {}
}

/** A Python dict or OrderedDict, in insertion order. Keys that are objects compare by identity. */
export class PickleDict {
  readonly entries = new Map<PickleValue, PickleValue>();
}

/** A Python set or frozenset. */
export class PickleSet {
  readonly items = new Set<PickleValue>();
}

/** A class or function that the allow-list knows. Nothing of Python runs: `construct` makes plain data. */
export interface PickleGlobal {
  readonly globalName: string;
  readonly construct?: (args: readonly PickleValue[]) => PickleValue;
}

/** Base of the data objects that an environment makes, such as tensor descriptors. */
export abstract class PickleExtension {
  abstract readonly kind: string;
}

/** Data that takes its state from the pickle's BUILD instruction, as NumPy's arrays do. */
export abstract class PickleStateful extends PickleExtension {
  abstract setState(state: PickleValue): void;
}

/**
 * Long bytes that were passed over: where they lie in the source. `utf8`: each byte is written as the character of
 * its number.
 */
export class PickleByteRange extends PickleExtension {
  override readonly kind = 'long byte string';

  constructor(
    readonly start: number,
    readonly length: number,
    readonly encoding: 'raw' | 'utf8',
  ) {
    super();
  }
}

export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleValue[]
  | PickleTuple
  | PickleDict
  | PickleSet
  | PickleGlobal
  | PickleExtension;

/** True for a resolved class or function. */
export function isPickleGlobal(value: PickleValue | undefined): value is PickleGlobal {
  return typeof value === 'object' && value !== null && 'globalName' in value;
}

/** A few words that name a value's type in an error. */
export function describeValue(value: PickleValue | undefined): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'None';
  if (typeof value === 'string') return `the string ${JSON.stringify(value.slice(0, 60))}`;
  if (typeof value !== 'object') return `${typeof value} ${String(value).slice(0, 60)}`;
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Uint8Array) return 'bytes';
  if (value instanceof PickleTuple) return 'a tuple';
  if (value instanceof PickleDict) return 'a dictionary';
  if (value instanceof PickleSet) return 'a set';
  if (isPickleGlobal(value)) return value.globalName;
  return `a ${value.kind}`;
}
