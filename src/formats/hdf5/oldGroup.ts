/** @file The members of a group as HDF5 has written them from its beginning, and h5py does: a tree of symbol tables. */

import { Hdf5Fault } from './fault.js';
import { type Fields, type Structures, Visits } from './fields.js';
import { Links } from './links.js';
import { readOldTree } from './oldTree.js';

/** @param message the symbol table message of the group's header */
export function readOldGroup(structures: Structures, message: Fields): Links {
  const [tree, heap] = [message.definedAddress(), message.definedAddress()];
  const names = readHeap(structures, heap);
  const links = new Links(structures.file);
  const visits = new Visits(structures.file);
  const form = {
    what: 'tree of names',
    kind: 0,
    keyBytes: structures.widths.lengths,
    readKey: (fields: Fields) => fields.length(),
  } as const;
  readOldTree(structures, tree, form, (node) => {
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
