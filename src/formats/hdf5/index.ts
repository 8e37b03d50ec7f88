/** @file HDF5 files: groups and datasets, read in part, without loading the file. */

import { Hdf5Dataset } from './dataset.js';
import { readDatatype } from './datatype.js';
import { Hdf5Fault, Hdf5Unread } from './fault.js';
import type { Structures } from './fields.js';
import { FileBytes } from './fileBytes.js';
import { readFilters } from './filters.js';
import { readDataspace, readLayout } from './layout.js';
import type { Links } from './links.js';
import { readNewGroup } from './newGroup.js';
import { type ObjectHeader, readObjectHeader } from './objectHeader.js';
import { readOldGroup } from './oldGroup.js';
import { readSuperblock } from './superblock.js';

export type { Hdf5Dataset } from './dataset.js';

/** Named members, which are groups or datasets. */
export class Hdf5Group {
  readonly #links: Links;

  constructor(
    private readonly structures: Structures,
    /** `/` for the root. */
    readonly name: string,
    header: ObjectHeader,
  ) {
    const old = header.find('symbolTable');
    this.#links = old === undefined ? readNewGroup(structures, header) : readOldGroup(structures, old);
  }

  get size(): number {
    return this.#links.size;
  }

  has(name: string): boolean {
    return this.#links.get(name) !== undefined;
  }

  names(): readonly string[] {
    return this.#links.names();
  }

  /** Undefined when there is no such member. */
  get(name: string): Hdf5Group | Hdf5Dataset | undefined {
    const address = this.#links.get(name);
    if (address === undefined) return undefined;
    return openObject(this.structures, `${this.name === '/' ? '' : this.name}/${name}`, address);
  }
}

/** An open file. */
export interface Hdf5File {
  readonly file: string;
  readonly size: number;
  readonly root: Hdf5Group;
  close(): void;
}

/**
 * Opens an HDF5 file and reads the names in its root group.
 *
 * @param cacheBytes what each dataset in chunks may keep of what it unpacked, twice: a chunk may hold parts of many rows
 * @throws LxmertError for a file that is cut, damaged, or was not closed by its writer
 */
export function openHdf5(file: string, cacheBytes = 1 << 26): Hdf5File {
  const bytes = new FileBytes(file);
  try {
    const { structures, root } = readSuperblock(bytes, cacheBytes);
    const group = openObject(structures, '/', root);
    if (!(group instanceof Hdf5Group)) throw new Hdf5Fault(file, 'Its root is no group');
    return { file, size: bytes.size, root: group, close: () => bytes.close() };
  } catch (error) {
    bytes.close();
    throw error;
  }
}

function openObject(structures: Structures, name: string, address: number): Hdf5Group | Hdf5Dataset {
  const header = readObjectHeader(structures, address);
  const [type, layout, space] = [header.find('datatype'), header.find('layout'), header.find('dataspace')];
  if (type === undefined || layout === undefined || space === undefined)
    return new Hdf5Group(structures, name, header);
  if (header.find('externalFiles') !== undefined)
    throw new Hdf5Unread(structures.file, 'data in other files');
  const filters = header.find('filters');
  return new Hdf5Dataset(structures, {
    name: name.replace(/^\//, ''),
    ...readDataspace(space),
    type: readDatatype(type),
    layout: readLayout(layout),
    filters: filters === undefined ? [] : readFilters(filters),
  });
}
