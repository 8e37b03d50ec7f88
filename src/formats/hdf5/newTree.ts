/** @file The tree that HDF5 writes since version 1.8 (libver='latest'): records of one length, of names or of chunks. */

import { bytesFor, Fields, type Structures, Visits } from './fields.js';

const WHAT = 'tree of records';
/** Bytes of a node beside its records: mark, version, kind, checksum. */
const NODE_BYTES = 10;
const MAX_DEPTH = 16;

/** What the header says of all nodes. */
interface Tree {
  readonly structures: Structures;
  readonly nodeBytes: number;
  readonly recordBytes: number;
  /** Bytes in which a node's pointers count records: of the child, and of all below it by the child's depth. */
  readonly countBytes: number;
  readonly totalBytes: readonly number[];
  readonly visits: Visits;
}

/**
 * Gives each record, in the order of the tree.
 *
 * @param kind the kind of the records, which the tree must state
 */
export function readNewTree(
  structures: Structures,
  address: number,
  kind: number,
  onRecord: (record: Fields) => void,
): void {
  const { offsets, lengths } = structures.widths;
  const head = structures.fields(address, 22 + offsets + lengths, WHAT);
  head.mark('BTHD');
  head.version(0);
  const found = head.number(1);
  if (found !== kind) head.fail(`holds records of kind ${found}, and ${kind} was expected`);
  const [nodeBytes, recordBytes, depth] = [head.number(4), head.number(2), head.number(2)];
  head.skip(2);
  const root = head.address();
  const numRecords = head.number(2);
  if (root === undefined) return;
  if (depth > MAX_DEPTH || recordBytes === 0 || nodeBytes < NODE_BYTES + recordBytes)
    head.fail(`has ${depth} levels of nodes of ${nodeBytes} bytes with records of ${recordBytes}`);
  const widths = countWidths(nodeBytes, recordBytes, offsets, depth);
  const tree = { structures, nodeBytes, recordBytes, ...widths, visits: new Visits(structures.file) };
  readNode(tree, { address: root, depth, numRecords }, onRecord);
}

/** A node counts its children's records in as few bytes as the most of them could take. */
function countWidths(
  nodeBytes: number,
  recordBytes: number,
  offsets: number,
  depth: number,
): { readonly countBytes: number; readonly totalBytes: readonly number[] } {
  const inLeaf = Math.floor((nodeBytes - NODE_BYTES) / recordBytes);
  const countBytes = bytesFor(inLeaf);
  const totalBytes = [0];
  let inAll = inLeaf;
  for (let level = 1; level <= depth; level++) {
    const pointerBytes = offsets + countBytes + (totalBytes[level - 1] as number);
    const inNode = Math.floor((nodeBytes - NODE_BYTES - pointerBytes) / (recordBytes + pointerBytes));
    inAll = (inNode + 1) * inAll + inNode;
    totalBytes.push(bytesFor(inAll));
  }
  return { countBytes, totalBytes };
}

interface Node {
  readonly address: number;
  readonly depth: number;
  readonly numRecords: number;
}

function readNode(
  tree: Tree,
  { address, depth, numRecords }: Node,
  onRecord: (record: Fields) => void,
): void {
  const { structures, recordBytes } = tree;
  tree.visits.enter(address, WHAT);
  const fields = structures.fields(address, tree.nodeBytes, WHAT);
  fields.mark(depth === 0 ? 'BTLF' : 'BTIN');
  fields.version(0);
  fields.skip(1);
  const records = Array.from(
    { length: numRecords },
    () => new Fields(fields.take(recordBytes), structures.widths, structures.file, fields.what),
  );
  for (let i = 0; i <= numRecords; i++) {
    if (depth > 0) {
      const child = fields.definedAddress();
      const numInChild = fields.number(tree.countBytes);
      if (depth > 1) fields.skip(tree.totalBytes[depth - 1] as number);
      readNode(tree, { address: child, depth: depth - 1, numRecords: numInChild }, onRecord);
    }
    const record = records[i];
    if (record !== undefined) onRecord(record);
  }
}
