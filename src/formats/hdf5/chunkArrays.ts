/** @file The arrays in which new files (libver='latest') name their chunks: one of fixed length, and one that grows. */

import { type Fields, isPowerOfTwo, type Structures } from './fields.js';

const WHAT = 'array of chunks';
/** A checksum stands after each block and page. */
const CHECKSUM_BYTES = 4;

/** Told the fields of entries, the number of the entry at which they stand, and how many bytes it has. */
export type OnEntry = (entry: Fields, number: number, entryBytes: number) => void;

/** One entry a chunk, in their order; many of them in pages. */
export function readFixedArray(structures: Structures, address: number, onEntry: OnEntry): void {
  const { offsets, lengths } = structures.widths;
  const head = structures.fields(address, 8 + lengths + offsets, WHAT);
  head.mark('FAHD');
  head.version(0);
  head.skip(1);
  const [entryBytes, pageBits] = [head.number(1), head.number(1)];
  const numEntries = head.length();
  const block = head.address();
  if (block === undefined) return;
  const pageEntries = 2 ** Math.min(pageBits, 52);
  const numPages = numEntries > pageEntries ? Math.ceil(numEntries / pageEntries) : 0;
  const blockHead = structures.fields(block, 6 + offsets + Math.ceil(numPages / 8), WHAT);
  blockHead.mark('FADB');
  blockHead.version(0);
  blockHead.skip(1 + offsets);
  const isWritten = blockHead.take(Math.ceil(numPages / 8));
  const entries = { structures, entryBytes, pageEntries, onEntry };
  readEntries(entries, { start: block + blockHead.position, first: 0, count: numEntries, isWritten });
}

interface Entries {
  readonly structures: Structures;
  readonly entryBytes: number;
  /** Beyond so many they stand in pages. */
  readonly pageEntries: number;
  readonly onEntry: OnEntry;
}

interface EntryBlock {
  readonly start: number;
  /** Number of the first entry. */
  readonly first: number;
  readonly count: number;
  /** One bit a page, the highest first. */
  readonly isWritten: Buffer;
}

function readEntries(
  { structures, entryBytes, pageEntries, onEntry }: Entries,
  { start, first, count, isWritten }: EntryBlock,
): void {
  const read = (address: number, from: number, length: number): void => {
    const entries = structures.fields(address, length * entryBytes, WHAT);
    for (let i = 0; i < length; i++) {
      entries.position = i * entryBytes;
      onEntry(entries, from + i, entryBytes);
    }
  };
  if (count <= pageEntries) {
    read(start, first, count);
    return;
  }
  for (let page = 0; page * pageEntries < count; page++) {
    if (((isWritten[page >> 3] ?? 0) & (0x80 >> (page & 7))) === 0) continue;
    const at = start + CHECKSUM_BYTES + page * (pageEntries * entryBytes + CHECKSUM_BYTES);
    read(at, first + page * pageEntries, Math.min(pageEntries, count - page * pageEntries));
  }
}

/** Blocks of 2^32 entries and more are in no file. */
const MAX_BITS = 64;

/** The first entries in the index itself, the next in blocks that it names, then in blocks that other blocks name. */
export function readGrowingArray(structures: Structures, address: number, onEntry: OnEntry): void {
  const { offsets, lengths } = structures.widths;
  const head = structures.fields(address, 12 + 6 * lengths + offsets, WHAT);
  head.mark('EAHD');
  head.version(0);
  head.skip(1);
  const [entryBytes, maxBits, numInIndex, leastEntries, leastPointers, pageBits] = Array.from(
    { length: 6 },
    () => head.number(1),
  ) as [number, number, number, number, number, number];
  head.skip(5 * lengths);
  const numEntries = head.length();
  const index = head.address();
  if (index === undefined) return;
  if (maxBits > MAX_BITS || !isPowerOfTwo(leastEntries) || !isPowerOfTwo(leastPointers))
    head.fail('has blocks of odd sizes');
  const offsetBytes = Math.ceil(maxBits / 8);
  const entries = { structures, entryBytes, pageEntries: 2 ** Math.min(pageBits, 52), onEntry };
  const numDirect = 2 * Math.log2(leastPointers);
  const numLevels = 1 + maxBits - Math.log2(leastEntries);
  const numPointers = 2 * (leastPointers - 1) + Math.max(0, numLevels - numDirect);
  const fields = structures.fields(
    index,
    6 + offsets + numInIndex * entryBytes + numPointers * offsets,
    WHAT,
  );
  fields.mark('EAIB');
  fields.version(0);
  fields.skip(1 + offsets);
  const none = Buffer.alloc(0);
  readEntries(
    { ...entries, pageEntries: Number.POSITIVE_INFINITY },
    { start: index + fields.position, first: 0, count: numInIndex, isWritten: none },
  );
  fields.skip(numInIndex * entryBytes);
  let first = numInIndex;
  for (let level = 0; level < numLevels && first < numEntries; level++) {
    const numBlocks = 2 ** Math.floor(level / 2);
    const blockEntries = 2 ** Math.floor((level + 1) / 2) * leastEntries;
    const pages = blockEntries > entries.pageEntries ? blockEntries / entries.pageEntries : 0;
    const pageBytes = Math.ceil(pages / 8);
    const blocks =
      level < numDirect
        ? { pointers: fields, isWritten: none }
        : readSecondBlock(structures, fields.address(), { numBlocks, pageBytes, offsetBytes });
    for (let block = 0; block < numBlocks; block++, first += blockEntries) {
      const at = blocks?.pointers.address();
      if (blocks === undefined || at === undefined || first >= numEntries) continue;
      const blockHead = structures.fields(at, 6 + offsets + offsetBytes, WHAT);
      blockHead.mark('EADB');
      const isWritten = blocks.isWritten.subarray(block * pageBytes, (block + 1) * pageBytes);
      readEntries(entries, { start: at + blockHead.bytes.length, first, count: blockEntries, isWritten });
    }
  }
}

interface SecondBlock {
  readonly numBlocks: number;
  readonly pageBytes: number;
  readonly offsetBytes: number;
}

function readSecondBlock(
  structures: Structures,
  address: number | undefined,
  { numBlocks, pageBytes, offsetBytes }: SecondBlock,
): { readonly pointers: Fields; readonly isWritten: Buffer } | undefined {
  if (address === undefined) return undefined;
  const { offsets } = structures.widths;
  const numBytes = 6 + offsets + offsetBytes + numBlocks * (pageBytes + offsets);
  const pointers = structures.fields(address, numBytes, WHAT);
  pointers.mark('EASB');
  pointers.skip(2 + offsets + offsetBytes);
  return { pointers, isWritten: pointers.take(numBlocks * pageBytes) };
}
