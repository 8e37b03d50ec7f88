/** @file The tree that HDF5 has written from its beginning, and h5py does: of a group's names, or of a dataset's chunks. */

import { type Fields, type Structures, Visits } from './fields.js';

/** Trees of 120,000 names have three levels. */
const MAX_LEVELS = 16;

/** What the nodes of a tree are of. */
export interface OldTreeForm<Key> {
  /** For messages: `tree of names`. */
  readonly what: string;
  /** The kind that each node states: 0 of names, 1 of chunks. */
  readonly kind: 0 | 1;
  readonly keyBytes: number;
  /** Reads the key before a child, all of its bytes. */
  readonly readKey: (fields: Fields) => Key;
}

/** Gives what the leaves name, from left to right. @throws Hdf5Fault for a tree that is cut, of another kind or goes in a circle */
export function readOldTree<Key>(
  structures: Structures,
  root: number,
  { what, kind, keyBytes, readKey }: OldTreeForm<Key>,
  onLeaf: (address: number, key: Key) => void,
): void {
  const { offsets } = structures.widths;
  const headBytes = 8 + 2 * offsets;
  const visits = new Visits(structures.file);
  const readNode = (address: number, expected: number | undefined): void => {
    visits.enter(address, what);
    const head = structures.fields(address, headBytes, what);
    head.mark('TREE');
    head.version(kind);
    const [level, numChildren] = [head.number(1), head.number(2)];
    if (level > MAX_LEVELS || (expected !== undefined && level !== expected))
      head.fail(`is of level ${level}, and ${expected ?? `at most ${MAX_LEVELS}`} was expected`);
    // A key stands behind the last child too.
    const numBytes = numChildren * (keyBytes + offsets) + (numChildren > 0 ? keyBytes : 0);
    const children = structures.fields(address + headBytes, numBytes, what);
    for (let i = 0; i < numChildren; i++) {
      const key = readKey(children);
      const child = children.definedAddress();
      if (level === 0) onLeaf(child, key);
      else readNode(child, level - 1);
    }
  };
  readNode(root, undefined);
}
