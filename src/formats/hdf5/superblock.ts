/** @file The beginning of an HDF5 file: where its root group is, how wide its numbers are, and where it should end. */

import { LxmertError } from '../../common/errors.js';
import { Hdf5Fault } from './fault.js';
import { Fields, Structures } from './fields.js';
import type { FileBytes } from './fileBytes.js';

const SIGNATURE = '\x89HDF\r\n\x1a\n';
/** The longest, version 1 with eight-byte addresses, has 100 bytes. */
const SUPERBLOCK_BYTES = 128;
/** Set while a program writes, and left behind when it is killed. */
const OPEN_FOR_WRITING = 1;

export interface Superblock {
  readonly structures: Structures;
  /** Of the root group's object header. */
  readonly root: number;
}

/** @throws LxmertError for a file that is none, is cut, or was not closed by its writer */
export function readSuperblock(bytes: FileBytes, cacheBytes: number): Superblock {
  const head = bytes.structure(0, Math.min(SUPERBLOCK_BYTES, bytes.size), 'superblock');
  if (head.toString('latin1', 0, 8) !== SIGNATURE)
    throw new Hdf5Fault(bytes.file, 'It does not begin with the mark of HDF5');
  // Numbers of one byte only, so that the widths, which are read here, do not count yet.
  const start = new Fields(head, { offsets: 8, lengths: 8 }, bytes.file, 'superblock');
  start.skip(8);
  const version = start.number(1);
  if (version > 3)
    throw new Hdf5Fault(bytes.file, `Its superblock has version ${version}, and 0 to 3 are known`);
  if (version < 2) start.skip(4);
  const widths = { offsets: start.number(1), lengths: start.number(1) };
  for (const width of Object.values(widths))
    if (width !== 4 && width !== 8)
      throw new Hdf5Fault(bytes.file, `Its addresses take ${width} bytes, and 4 or 8 are known`);
  const fields = new Fields(head, widths, bytes.file, 'superblock');
  const { base, end, root } = version < 2 ? readOld(fields, version) : readNew(fields);
  checkEnd(bytes, base + end);
  bytes.base = base;
  return { structures: new Structures(bytes, widths, cacheBytes), root };
}

interface Addresses {
  readonly base: number;
  readonly end: number;
  readonly root: number;
}

function readOld(fields: Fields, version: number): Addresses {
  fields.skip(version === 0 ? 24 : 28);
  const base = fields.definedAddress();
  fields.address();
  const end = fields.definedAddress();
  fields.address();
  fields.length();
  return { base, end, root: fields.definedAddress() };
}

function readNew(fields: Fields): Addresses {
  fields.skip(11);
  if ((fields.number(1) & OPEN_FOR_WRITING) !== 0)
    throw new LxmertError(
      `The program that wrote the HDF5 file '${fields.file}' has not closed it: it still writes, or was stopped, and rows may be missing. ` +
        'Wait for it or write the file again (h5clear --status takes the mark away where the file is whole).',
    );
  const base = fields.definedAddress();
  fields.address();
  const end = fields.definedAddress();
  return { base, end, root: fields.definedAddress() };
}

/** A download that broke off is told at once, not at some row. */
function checkEnd({ file, size }: FileBytes, end: number): void {
  if (size < end)
    throw new LxmertError(
      `${file} is an HDF5 file of ${end} bytes, of which only ${size} are there: it was cut when it was copied or fetched. Fetch it again.`,
    );
}
