/** @file What reading a table's pictures takes at once: some pages of them, never the whole column of a row group. */

import { readFileSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Compressors } from 'hyparquet';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { decompressors } from '../../../src/formats/parquet/decompressors.js';
import { ParquetTable } from '../../../src/formats/parquet/parquetTable.js';
import { temporaryFolder } from '../../features/support.js';

const tables = path.join(import.meta.dirname, 'tables');
const root = temporaryFolder();
/** Pictures, each of one byte again and again, and the bytes of all. */
const [NUM_PICTURES, PICTURE_BYTES] = [48, 1 << 19];
const COLUMN_BYTES = NUM_PICTURES * PICTURE_BYTES;
/** What is gathered of pages, and a page of two pictures more. */
const MOST_BYTES = (1 << 23) + (1 << 20) + (1 << 12);

afterEach(() => void vi.restoreAllMocks());

/** The pictures in order, and what was counted when the first of them was there. */
async function readPictures(file: string, count: () => number): Promise<number> {
  const table = await ParquetTable.open(file);
  let [numPictures, countAtFirst] = [0, 0];
  try {
    for (const group of table.groups())
      for await (const { image } of group.column('image')) {
        if (numPictures === 0) countAtFirst = count();
        const { bytes } = image as { bytes: Uint8Array };
        expect(bytes.length).toBe(PICTURE_BYTES);
        expect([bytes[0], bytes.at(-1)]).toEqual([numPictures, numPictures]);
        numPictures++;
      }
  } finally {
    await table.close();
  }
  expect(numPictures).toBe(NUM_PICTURES);
  return countAtFirst;
}

describe('pictures of one row group', () => {
  it('are read some pages at a time', async () => {
    const file = path.join(root, 'many-pages.parquet');
    writeFileSync(file, gunzipSync(readFileSync(path.join(tables, 'many-pages.parquet.gz'))));
    const handle = await open(file);
    const reads = vi.spyOn(Object.getPrototypeOf(handle), 'read');
    const lengths = () => reads.mock.calls.map(([target]) => (target as Buffer).length);
    const readAtFirst = await readPictures(file, () => lengths().reduce((sum, length) => sum + length, 0));
    await handle.close();
    expect(Math.max(...lengths())).toBeLessThan(MOST_BYTES);
    expect(readAtFirst).toBeLessThan(COLUMN_BYTES / 2);
  });

  it('are unpacked some pages at a time, however few bytes they were packed to', async () => {
    const unpacked = vi.spyOn(decompressors as { GZIP: NonNullable<Compressors['GZIP']> }, 'GZIP');
    const numBytes = () => unpacked.mock.calls.reduce((sum, [, length]) => sum + length, 0);
    const atFirst = await readPictures(path.join(tables, 'packed-pages.parquet'), numBytes);
    // Each page is unpacked to be looked through, and to be read.
    expect(atFirst).toBeLessThan(2 * MOST_BYTES);
  });
});
