/** @file An LMDB database's data file, read only: its entries listed by walking the B+tree, values read when asked for. */

import type { SyncRandomAccess } from '../randomAccess.js';
import {
  checkOverflowHeader,
  HEADER_BYTES,
  LmdbFault,
  type LmdbMeta,
  type LmdbValue,
  META_BYTES,
  readMeta,
  readTreePage,
} from './lmdbPage.js';

/** An entry, and where its value lies. */
export interface LmdbEntry {
  readonly key: Buffer;
  readonly value: LmdbValue;
}

/** Far deeper than a tree of all numbers of 48 bits. */
const MAX_DEPTH = 32;

/** A database as its last finished transaction left it. */
export class LmdbFile {
  private constructor(
    private readonly bytes: SyncRandomAccess,
    private readonly meta: LmdbMeta,
  ) {}

  /**
   * @param bytes of `data.mdb`
   * @throws LmdbFault for another file, another byte order, or another version of the format
   */
  static open(bytes: SyncRandomAccess): LmdbFile {
    const first = readMeta(bytes.read(0, Math.min(META_BYTES, bytes.size)));
    const { pageBytes } = first;
    if (bytes.size < 2 * pageBytes) throw new LmdbFault('it ends before its second page');
    const second = readMeta(bytes.read(pageBytes, META_BYTES));
    if (second.pageBytes !== pageBytes) throw new LmdbFault('its first two pages contradict each other');
    return new LmdbFile(bytes, second.transaction > first.transaction ? second : first);
  }

  get numEntries(): number {
    return this.meta.numEntries;
  }

  /** The entries in the order of their keys. @throws LmdbFault for a tree that is damaged or turns back on itself */
  *entries(): Generator<LmdbEntry, void, void> {
    const { root, numEntries } = this.meta;
    if (root === undefined) return;
    const seen = new Set<number>();
    let count = 0;
    for (const entry of this.#walk(root, 0, seen)) {
      if (++count > numEntries) break;
      yield entry;
    }
    if (count !== numEntries)
      throw new LmdbFault(
        `it states ${numEntries} entries, and its tree has ${count > numEntries ? 'more' : count}`,
      );
  }

  *#walk(number: number, depth: number, seen: Set<number>): Generator<LmdbEntry, void, void> {
    if (depth > MAX_DEPTH) throw new LmdbFault(`its tree is more than ${MAX_DEPTH} pages deep`);
    if (seen.has(number)) throw new LmdbFault(`page ${number} is in its tree twice`);
    seen.add(number);
    const page = readTreePage(this.#read(number, 0, this.meta.pageBytes), number);
    // Copies of keys: a page must not stay in memory for their sake.
    if (page.kind === 'leaf')
      for (const { key, value } of page.entries) yield { key: Buffer.from(key), value };
    else for (const child of page.children) yield* this.#walk(child, depth + 1, seen);
  }

  /**
   * The value of an entry.
   *
   * @param maxBytes the most that any value of its kind has
   * @throws LmdbFault when it is larger, a database of its own, or not in the file
   */
  read({ value }: LmdbEntry, maxBytes: number): Buffer {
    if (value.kind === 'database') throw new LmdbFault('it is a named database of its own');
    const { page, numBytes } = value;
    if (numBytes > maxBytes)
      throw new LmdbFault(`it has ${numBytes} bytes, and at most ${maxBytes} are read`);
    if (value.kind === 'inline') return this.#read(page, value.offset, numBytes);
    const whole = this.#read(page, 0, HEADER_BYTES + numBytes);
    checkOverflowHeader(whole, page, numBytes, this.meta.pageBytes);
    return whole.subarray(HEADER_BYTES);
  }

  #read(page: number, offset: number, length: number): Buffer {
    const start = page * this.meta.pageBytes + offset;
    if (start + length > this.bytes.size)
      throw new LmdbFault(`it points to byte ${start + length} of ${this.bytes.size}; it is cut short`);
    return this.bytes.read(start, length);
  }
}
