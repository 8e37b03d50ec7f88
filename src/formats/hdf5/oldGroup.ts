/** @file The members of a group as HDF5 has written them from its beginning, and h5py does: a tree of symbol tables. */

import { Hdf5Fault } from './fault.js';
import { type Fields, type Structures, Visits } from './fields.js';
import { Links } from './links.js';

/** Trees of 120,000 members have three levels. */
const MAX_LEVELS = 16;

/** @param message the symbol table message of the group's header */
export function readOldGroup(structures: Structures, message: Fields): Links {
  const [tree, heap] = [message.definedAddress(), message.definedAddress()];
  const names = readHeap(structures, heap);
  const links = new Links(structures.file);
  const visits = new Visits(structures.file);
  walk(structures, { tree, level: undefined, visits }, (node) => {
    visits.enter(node, 'table of names');
    readSymbols(structures, node, names, links);
  });
  return links;
}

/** The bytes in which names stand, each ending with a zero. */
function readHeap(structures: Structures, address: number): Buffer {
  const { offsets, lengths } = structures.widths;
  const fields = structures.fields(address, 8 + 2 * lengths + offsets, 'heap of names');
  fields.mark('HEAP');
  fields.version(0);
  fields.skip(3);
  const numBytes = fields.length();
  fields.length();
  return structures.bytes.structure(fields.definedAddress(), numBytes, 'heap of names');
}

interface Tree {
  /** Address of a node. */
  readonly tree: number;
  readonly level: number | undefined;
  readonly visits: Visits;
}

/** Nodes of the tree from left to right; levels count down, so that no tree goes in a circle. */
function walk(
  structures: Structures,
  { tree, level: expected, visits }: Tree,
  onLeaf: (address: number) => void,
): void {
  const { offsets, lengths } = structures.widths;
  const what = 'tree of names';
  visits.enter(tree, what);
  const headBytes = 8 + 2 * offsets;
  const head = structures.fields(tree, headBytes, what);
  head.mark('TREE');
  head.version(0);
  const level = head.number(1);
  const numChildren = head.number(2);
  if (level > MAX_LEVELS || (expected !== undefined && level !== expected))
    head.fail(`is of level ${level}, and ${expected ?? `at most ${MAX_LEVELS}`} was expected`);
  const children = structures.fields(
    tree + headBytes,
    numChildren * (lengths + offsets) + (numChildren > 0 ? lengths : 0),
    what,
  );
  for (let i = 0; i < numChildren; i++) {
    children.length();
    const child = children.definedAddress();
    if (level === 0) onLeaf(child);
    else walk(structures, { tree: child, level: level - 1, visits }, onLeaf);
  }
}

const SOFT_LINK = 2;

function readSymbols(structures: Structures, address: number, names: Buffer, links: Links): void {
  const { offsets } = structures.widths;
  const what = 'table of names';
  const head = structures.fields(address, 8, what);
  head.mark('SNOD');
  head.version(1);
  head.skip(1);
  const numSymbols = head.number(2);
  const symbols = structures.fields(address + 8, numSymbols * (2 * offsets + 24), what);
  for (let i = 0; i < numSymbols; i++) {
    const at = symbols.number(offsets);
    const object = symbols.address();
    const kind = symbols.number(4);
    symbols.skip(20);
    const end = names.indexOf(0, at);
    if (at >= names.length || end < 0)
      throw new Hdf5Fault(structures.file, `The ${what} at byte ${address} names a text outside its heap`);
    if (kind !== SOFT_LINK && object !== undefined) links.add(names.toString('utf8', at, end), object);
  }
}
