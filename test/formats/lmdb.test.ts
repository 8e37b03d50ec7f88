/** @file LMDB's files: one that LMDB wrote (2,000 entries, a third of them deleted again), and what is no sound one. */

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { LmdbFile } from '../../src/formats/lmdb/lmdbFile.js';

const PAGE = 4096;
const file = path.join(import.meta.dirname, '../features/sources/fixtures/tree.mdb.gz');
const whole = gunzipSync(readFileSync(file));

function open(bytes: Buffer): LmdbFile {
  return LmdbFile.open({
    size: bytes.length,
    read: (position, length) => bytes.subarray(position, position + length),
  });
}

/** The file with some bytes changed in both of its meta pages. */
function changed(change: (bytes: Buffer, meta: number) => void): Buffer {
  const bytes = Buffer.from(whole);
  for (const meta of [0, PAGE]) change(bytes, meta);
  return bytes;
}

const ROOT = 88 + 40;
const ENTRIES = 88 + 32;
/** Where the newer of the meta pages is. */
const meta = whole.readBigUInt64LE(144) > whole.readBigUInt64LE(PAGE + 144) ? 0 : PAGE;
const root = Number(whole.readBigUInt64LE(meta + ROOT)) * PAGE;

describe('a database', () => {
  it('has its entries in order, with their values', () => {
    const database = open(whole);
    const entries = [...database.entries()].map((entry) => [
      entry.key.toString(),
      database.read(entry, 100).toString(),
    ]);
    const expected = Array.from({ length: 2000 }, (_, i) => [
      String(i).padStart(6, '0'),
      'x'.repeat(i % 50),
    ]).filter((_, i) => i % 3 !== 0);
    expect(database.numEntries).toBe(expected.length);
    expect(entries).toEqual(expected);
  });

  it('has a tree of several levels in this test', () => {
    expect(whole.readUInt16LE(root + 10) & 1).toBe(1);
  });

  it.each<[string, Buffer, RegExp]>([
    ['cut short', whole.subarray(0, whole.length - PAGE * 3), /is cut short/],
    ['of one page', whole.subarray(0, PAGE), /ends before its second page/],
    ['of some bytes', whole.subarray(0, 100), /ends inside its first page/],
    ['another file', Buffer.alloc(2 * PAGE, 'x'), /does not begin as an LMDB file does/],
    ['of another version', changed((bytes, at) => bytes.writeUInt32LE(2, at + 20)), /data format 2/],
    ['big-endian', changed((bytes, at) => bytes.writeUInt32BE(0xbeefc0de, at + 16)), /big-endian machine/],
    [
      'of a 32-bit program',
      changed((bytes, at) => {
        bytes.writeUInt32LE(0, at + 16);
        bytes.writeUInt32LE(0xbeefc0de, at + 12);
      }),
      /32-bit program/,
    ],
    ['of pages of 3 bytes', changed((bytes, at) => bytes.writeUInt32LE(3, at + 40)), /pages of 3 bytes/],
    [
      'of many values a key',
      changed((bytes, at) => bytes.writeUInt16LE(4, at + 88 + 4)),
      /several values each/,
    ],
    [
      'that states 2^63 entries',
      changed((bytes, at) => bytes.writeBigUInt64LE(2n ** 63n, at + ENTRIES)),
      /entries/,
    ],
    [
      'that states too few entries',
      changed((bytes, at) => bytes.writeBigUInt64LE(5n, at + ENTRIES)),
      /has more/,
    ],
    [
      'whose root is far away',
      changed((bytes, at) => bytes.writeBigUInt64LE(2n ** 40n, at + ROOT)),
      /is cut short/,
    ],
    ['whose root is a meta page', changed((bytes, at) => bytes.writeBigUInt64LE(0n, at + ROOT)), /page 0/],
  ])('that is %s is refused', (_what, bytes, message) => {
    expect(() => [...open(bytes).entries()]).toThrow(message);
  });

  it('whose tree turns back on itself is refused', () => {
    const bytes = Buffer.from(whole);
    const node = root + bytes.readUInt16LE(root + 16);
    bytes.writeUInt32LE(root / PAGE, node);
    expect(() => [...open(bytes).entries()]).toThrow(/is in its tree twice/);
  });

  it('whose nodes overlap is refused', () => {
    const bytes = Buffer.from(whole);
    const leaf = bytes.readUInt32LE(root + bytes.readUInt16LE(root + 16)) * PAGE;
    const numNodes = (bytes.readUInt16LE(leaf + 12) - 16) / 2;
    const starts = Array.from({ length: numNodes }, (_, i) => bytes.readUInt16LE(leaf + 16 + 2 * i));
    const first = Math.min(...starts);
    for (let i = 0; i < numNodes; i++) bytes.writeUInt16LE(first, leaf + 16 + 2 * i);
    bytes.writeUInt16LE(PAGE - first - 8, leaf + first + 6);
    bytes.writeUInt32LE(0, leaf + first);
    expect(() => [...open(bytes).entries()]).toThrow(/nodes that overlap/);
  });
});
