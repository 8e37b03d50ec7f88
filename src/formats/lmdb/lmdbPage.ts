/** @file The pages of an LMDB file (data format 1, 64-bit, little-endian): their headers and the nodes on them, checked. */

/** What is wrong with a database's file; the message is a phrase to follow "its data file cannot be read:". */
export class LmdbFault extends Error {}

/** Of every page. */
export const HEADER_BYTES = 16;
const NODE_BYTES = 8;

const PAGE = { branch: 0x01, leaf: 0x02, overflow: 0x04, meta: 0x08, leaf2: 0x20 } as const;
const NODE = { big: 0x01, subDatabase: 0x02, duplicates: 0x04 } as const;

const MAGIC = 0xbeefc0de;
const DATA_VERSION = 1;
const MIN_PAGE_BYTES = 256;
const MAX_PAGE_BYTES = 1 << 16;
/** A page number that stands for none. */
const NO_PAGE = 2n ** 64n - 1n;

/** A database as one of the two meta pages has it. */
export interface LmdbMeta {
  readonly pageBytes: number;
  /** The number of the transaction that wrote this page; the higher of both counts. */
  readonly transaction: bigint;
  /** Of the tree; undefined for a database without entries. */
  readonly root: number | undefined;
  readonly numEntries: number;
}

/** Bytes of a meta page that say everything. */
export const META_BYTES = HEADER_BYTES + 136;

/** Where fields of a meta page stand. */
const AT = { magic: 16, version: 20, free: 40, main: 88, transaction: 144 } as const;
/** Where fields of a database's record stand in it. */
const IN_DATABASE = { pageBytes: 0, flags: 4, entries: 32, root: 40 } as const;

/** Reads a meta page. @throws LmdbFault naming what else the file may be */
export function readMeta(page: Buffer): LmdbMeta {
  if (page.length < META_BYTES) throw new LmdbFault('it ends inside its first page');
  if (page.readUInt32LE(AT.magic) !== MAGIC) throw new LmdbFault(foreignMagic(page));
  const version = page.readUInt32LE(AT.version);
  if (version !== DATA_VERSION)
    throw new LmdbFault(
      `it is of LMDB's data format ${version}, and format ${DATA_VERSION} (LMDB 0.9) is read`,
    );
  const pageBytes = page.readUInt32LE(AT.free + IN_DATABASE.pageBytes);
  const isPower = (pageBytes & (pageBytes - 1)) === 0;
  if (!(pageBytes >= MIN_PAGE_BYTES && pageBytes <= MAX_PAGE_BYTES && isPower))
    throw new LmdbFault(`it states pages of ${pageBytes} bytes`);
  if ((page.readUInt16LE(AT.main + IN_DATABASE.flags) & NODE.duplicates) !== 0)
    throw new LmdbFault('its keys may have several values each, which databases of features have not');
  const root = page.readBigUInt64LE(AT.main + IN_DATABASE.root);
  return {
    pageBytes,
    transaction: page.readBigUInt64LE(AT.transaction),
    root: root === NO_PAGE ? undefined : pageNumber(root),
    numEntries: exact(page.readBigUInt64LE(AT.main + IN_DATABASE.entries), 'entries'),
  };
}

/** The mark in the other byte order, or where machines of 32 bits have it. */
function foreignMagic(page: Buffer): string {
  if (page.readUInt32BE(AT.magic) === MAGIC || page.readUInt32BE(AT.magic - 4) === MAGIC)
    return 'it was written on a big-endian machine. Copy it there: mdb_dump FOLDER, and here: mdb_load';
  if (page.readUInt32LE(AT.magic - 4) === MAGIC)
    return 'it was written by a 32-bit program. Copy it there: mdb_dump FOLDER, and here: mdb_load';
  return 'it does not begin as an LMDB file does';
}

/** Where a value lies: in its leaf from a byte of that page on, or in pages of its own. */
export type LmdbValue =
  | { readonly kind: 'inline'; readonly page: number; readonly offset: number; readonly numBytes: number }
  | { readonly kind: 'overflow'; readonly page: number; readonly numBytes: number }
  | { readonly kind: 'database' };

export interface LmdbLeaf {
  readonly kind: 'leaf';
  readonly entries: readonly { readonly key: Buffer; readonly value: LmdbValue }[];
}

export interface LmdbBranch {
  readonly kind: 'branch';
  readonly children: readonly number[];
}

/** Reads a page of the tree. @throws LmdbFault when it is another or leads out of itself */
export function readTreePage(page: Buffer, number: number): LmdbLeaf | LmdbBranch {
  const fail = (problem: string): never => {
    throw new LmdbFault(`page ${number} ${problem}`);
  };
  if (page.readBigUInt64LE(0) !== BigInt(number)) fail('says that it is another one');
  const flags = page.readUInt16LE(10);
  const lower = page.readUInt16LE(12);
  if ((flags & PAGE.leaf2) !== 0) fail('holds keys without values');
  if (!(lower >= HEADER_BYTES && lower <= page.length)) fail(`has its nodes' list end at byte ${lower}`);
  const starts = Array.from({ length: (lower - HEADER_BYTES) >> 1 }, (_, i) =>
    page.readUInt16LE(HEADER_BYTES + 2 * i),
  );
  for (const start of starts)
    if (!(start >= lower && start + NODE_BYTES <= page.length)) fail(`has a node at byte ${start}`);
  if ((flags & PAGE.branch) !== 0)
    return { kind: 'branch', children: starts.map((start) => readChild(page, start)) };
  if ((flags & PAGE.leaf) === 0) fail('is none of the tree');
  const entries = starts.map((start) => readEntry(page, number, start, fail));
  // Nodes that overlap could make many times what a page holds.
  const numBytes = entries.reduce((sum, { key }) => sum + NODE_BYTES + key.length, 0);
  if (numBytes > page.length) fail('has nodes that overlap');
  return { kind: 'leaf', entries };
}

/** A node of a branch: 48 bits of page number where a leaf has the value's size and flags. */
function readChild(page: Buffer, start: number): number {
  return page.readUInt32LE(start) + page.readUInt16LE(start + 4) * 2 ** 32;
}

function readEntry(
  page: Buffer,
  number: number,
  start: number,
  fail: (problem: string) => never,
): { readonly key: Buffer; readonly value: LmdbValue } {
  const numBytes = page.readUInt32LE(start);
  const flags = page.readUInt16LE(start + 4);
  const keyEnd = start + NODE_BYTES + page.readUInt16LE(start + 6);
  const valueEnd = keyEnd + ((flags & NODE.big) === 0 ? numBytes : 8);
  if (valueEnd > page.length) fail('has a node that leads out of it');
  const key = page.subarray(start + NODE_BYTES, keyEnd);
  if ((flags & (NODE.subDatabase | NODE.duplicates)) !== 0) return { key, value: { kind: 'database' } };
  if ((flags & NODE.big) === 0)
    return { key, value: { kind: 'inline', page: number, offset: keyEnd, numBytes } };
  return { key, value: { kind: 'overflow', page: pageNumber(page.readBigUInt64LE(keyEnd)), numBytes } };
}

/** Looks at the first page of a value that has pages of its own. @throws LmdbFault for another, or when the pages are too few */
export function checkOverflowHeader(
  header: Buffer,
  number: number,
  numBytes: number,
  pageBytes: number,
): void {
  const isOverflow = (header.readUInt16LE(10) & PAGE.overflow) !== 0;
  if (header.readBigUInt64LE(0) !== BigInt(number) || !isOverflow)
    throw new LmdbFault(`page ${number} should begin a value and does not`);
  const numPages = header.readUInt32LE(12);
  if (HEADER_BYTES + numBytes > numPages * pageBytes)
    throw new LmdbFault(`a value of ${numBytes} bytes has ${numPages} pages`);
}

function pageNumber(value: bigint): number {
  return exact(value, 'pages');
}

function exact(value: bigint, what: string): number {
  if (value > 2n ** 48n) throw new LmdbFault(`it states ${value} ${what}`);
  return Number(value);
}
