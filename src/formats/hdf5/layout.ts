/** @file How many elements a dataset has, and where in the file they lie. */

import { Hdf5Unread } from './fault.js';
import type { Fields } from './fields.js';

/** Beyond 32 dimensions HDF5 itself has none. */
const MAX_RANK = 32;

export interface Dataspace {
  /** Sides; none for a single value. */
  readonly shape: readonly number[];
  /** Sides to which it may grow; infinite where there is no limit. */
  readonly maxShape: readonly number[];
}

export function readDataspace(fields: Fields): Dataspace {
  const version = fields.version(1, 2);
  const [rank, flags, kind] = [fields.number(1), fields.number(1), fields.number(1)];
  if (rank > MAX_RANK) fields.fail(`has ${rank} dimensions`);
  if (version === 1) fields.skip(4);
  if (version === 2 && kind === NULL_SPACE) return { shape: [0], maxShape: [0] };
  const shape = Array.from({ length: rank }, () => fields.length());
  if (!Number.isSafeInteger(shape.reduce((product, side) => product * side, 1)))
    fields.fail('has sides whose product is beyond 2^53');
  const hasMost = (flags & 1) !== 0;
  return {
    shape,
    maxShape: hasMost ? shape.map(() => fields.lengthOrNone() ?? Number.POSITIVE_INFINITY) : shape,
  };
}

/** No elements at all. */
const NULL_SPACE = 2;

/** How the chunks of a dataset are found. */
export type ChunkIndex =
  | { readonly kind: 'tree' | 'implicit' | 'fixedArray' | 'growingArray' | 'newTree' }
  | { readonly kind: 'single'; readonly numBytes: number | undefined; readonly filterMask: number };

export type Layout =
  | { readonly kind: 'compact'; readonly bytes: Buffer }
  /** Undefined address: nothing was written, and all is zero. */
  | {
      readonly kind: 'contiguous';
      readonly address: number | undefined;
      readonly numBytes: number | undefined;
    }
  | {
      readonly kind: 'chunked';
      readonly address: number | undefined;
      /** Sides of a chunk. */
      readonly shape: readonly number[];
      readonly index: ChunkIndex;
    };

const [COMPACT, CONTIGUOUS, CHUNKED] = [0, 1, 2];

export function readLayout(fields: Fields): Layout {
  const version = fields.version(1, 2, 3, 4, 5);
  if (version < 3) return readFirstLayout(fields);
  const kind = fields.number(1);
  if (kind === COMPACT) return { kind: 'compact', bytes: fields.take(fields.number(2)) };
  if (kind === CONTIGUOUS)
    return { kind: 'contiguous', address: fields.address(), numBytes: fields.length() };
  if (kind !== CHUNKED) throw new Hdf5Unread(fields.file, 'a virtual dataset');
  return version === 3 ? readChunks(fields) : readNewChunks(fields);
}

/** Versions 1 and 2. */
function readFirstLayout(fields: Fields): Layout {
  const rank = rankOf(fields);
  const kind = fields.number(1);
  fields.skip(5);
  const address = kind === COMPACT ? undefined : fields.address();
  const sides = Array.from({ length: rank }, () => fields.number(4));
  if (kind === COMPACT) return { kind: 'compact', bytes: fields.take(fields.number(4)) };
  if (kind === CONTIGUOUS) return { kind: 'contiguous', address, numBytes: undefined };
  return { kind: 'chunked', address, shape: sides.slice(0, -1), index: { kind: 'tree' } };
}

/** The last side is that of an element in bytes. */
function readChunks(fields: Fields): Layout {
  const rank = rankOf(fields);
  const address = fields.address();
  const sides = Array.from({ length: rank }, () => fields.number(4));
  return { kind: 'chunked', address, shape: sides.slice(0, -1), index: { kind: 'tree' } };
}

const SINGLE_HAS_FILTERS = 2;

function readNewChunks(fields: Fields): Layout {
  const flags = fields.number(1);
  const rank = rankOf(fields);
  const width = fields.number(1);
  const sides = Array.from({ length: rank }, () => fields.number(width));
  const index = readIndex(fields, flags);
  return { kind: 'chunked', address: fields.address(), shape: sides.slice(0, -1), index };
}

function readIndex(fields: Fields, flags: number): ChunkIndex {
  const kind = fields.number(1);
  switch (kind) {
    case 1: {
      const isFiltered = (flags & SINGLE_HAS_FILTERS) !== 0;
      return {
        kind: 'single',
        numBytes: isFiltered ? fields.length() : undefined,
        filterMask: isFiltered ? fields.number(4) : 0,
      };
    }
    case 2:
      return { kind: 'implicit' };
    case 3:
      fields.skip(1);
      return { kind: 'fixedArray' };
    case 4:
      fields.skip(5);
      return { kind: 'growingArray' };
    case 5:
      fields.skip(6);
      return { kind: 'newTree' };
    default:
      return fields.fail(`names its chunks by an index of kind ${kind}, and 1 to 5 are known`);
  }
}

function rankOf(fields: Fields): number {
  const rank = fields.number(1);
  return rank >= 1 && rank <= MAX_RANK + 1 ? rank : fields.fail(`has ${rank} dimensions`);
}
