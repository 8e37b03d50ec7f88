/** @file The members of a group as HDF5 writes them since version 1.8 (libver='latest'): links in the header, or in a heap. */

import type { Fields, Structures } from './fields.js';
import { FractalHeap } from './fractalHeap.js';
import { Links } from './links.js';
import { readNewTree } from './newTree.js';
import type { ObjectHeader } from './objectHeader.js';

/** Records of names: a hash, then the place of the link in a heap. */
const NAME_RECORDS = 5;

export function readNewGroup(structures: Structures, header: ObjectHeader): Links {
  const links = new Links(structures.file);
  for (const link of header.all('link')) readLink(link, links);
  const info = header.find('linkInfo');
  if (info === undefined) return links;
  info.version(0);
  const flags = info.number(1);
  if ((flags & 1) !== 0) info.skip(8);
  const [heapAddress, tree] = [info.address(), info.address()];
  if (heapAddress === undefined || tree === undefined) return links;
  const heap = new FractalHeap(structures, heapAddress);
  readNewTree(structures, tree, NAME_RECORDS, (record) => {
    record.skip(4);
    readLink(heap.read(record), links);
  });
  return links;
}

const HARD = 0;

/** Links to other files and by path are passed over. */
function readLink(fields: Fields, links: Links): void {
  fields.version(1);
  const flags = fields.number(1);
  const kind = (flags & 8) === 0 ? HARD : fields.number(1);
  if ((flags & 4) !== 0) fields.skip(8);
  if ((flags & 16) !== 0) fields.skip(1);
  const name = fields.take(fields.number(1 << (flags & 3))).toString('utf8');
  if (kind === HARD) links.add(name, fields.definedAddress());
}
