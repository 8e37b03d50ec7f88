import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { LxmertError } from '../../src/common/errors.js';
import { floatsOf, integersOf } from '../../src/features/sources/hdf5/members.js';
import { type Hdf5Dataset, type Hdf5File, Hdf5Group, openHdf5 } from '../../src/formats/hdf5/index.js';
import { errorOf } from '../features/support.js';

const here = path.join(import.meta.dirname, 'hdf5');
const folder = mkdtempSync(path.join(os.tmpdir(), 'lxmert-hdf5-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const expected = JSON.parse(readFileSync(path.join(here, 'expected.json'), 'utf8')) as Record<
  string,
  Record<string, { shape: number[]; values: number[] }>
>;
const bytesOf = (name: string) => gunzipSync(readFileSync(path.join(here, `${name}.gz`)));
const [earliest, latest] = [bytesOf('kinds_earliest.h5'), bytesOf('kinds_latest.h5')];

let numFiles = 0;
function write(bytes: Uint8Array): string {
  const file = path.join(folder, `${numFiles++}.h5`);
  writeFileSync(file, bytes);
  return file;
}

function opened<T>(bytes: Uint8Array, work: (file: Hdf5File) => T): T {
  const file = openHdf5(write(bytes));
  try {
    return work(file);
  } finally {
    file.close();
  }
}

function datasetOf({ root }: Hdf5File, name: string): Hdf5Dataset {
  const member = root.get(name);
  if (member === undefined || member instanceof Hdf5Group) throw new Error(`${name} is no dataset`);
  return member;
}

const valuesOf = (dataset: Hdf5Dataset, first?: number, count?: number) =>
  dataset.type.name.includes('int')
    ? Array.from(integersOf(dataset, first, count), Number)
    : Array.from(floatsOf(dataset, first, count));

describe.each([
  ['kinds_earliest.h5', earliest],
  ['kinds_latest.h5', latest],
])('%s as h5py wrote it', (name, bytes) => {
  const kinds = Object.entries(expected[name]!);

  it.each(kinds)('holds %s', (key, { shape, values }) => {
    opened(bytes, (file) => {
      const dataset = datasetOf(file, key);
      expect(dataset.shape).toEqual(shape);
      expect(valuesOf(dataset)).toEqual(values);
      // Rows from the middle, over the edges of chunks.
      const [first, count] = [Math.floor(dataset.numRows / 3), Math.ceil(dataset.numRows / 2)];
      expect(valuesOf(dataset, first, count)).toEqual(
        values.slice(first * dataset.rowSize, (first + count) * dataset.rowSize),
      );
    });
  });

  it.each([8, 100, 400])('gives the same rows one by one where %i bytes of them are kept', (cacheBytes) => {
    const file = openHdf5(write(bytes), cacheBytes);
    for (const [key, { values }] of kinds) {
      const dataset = datasetOf(file, key);
      if (dataset.numRows > 200) continue;
      const rows = Array.from({ length: dataset.numRows }, (_, row) => valuesOf(dataset, row, 1));
      expect(rows.flat(), key).toEqual(values);
      const last = dataset.numRows - 1;
      expect(valuesOf(dataset, last, 1), key).toEqual(rows[last]);
      expect(valuesOf(dataset, 0, 1), key).toEqual(rows[0]);
    }
    file.close();
  });

  it('names the members of groups, few and many, and passes links by path over', () => {
    opened(bytes, ({ root }) => {
      for (const count of [0, 1, 9, 2500]) {
        const group = root.get(`group${count}`) as Hdf5Group;
        expect(group.names()).toEqual(
          Array.from({ length: count }, (_, i) => `member_${String(i).padStart(4, '0')}`),
        );
      }
      const group = root.get('group2500') as Hdf5Group;
      expect(integersOf(group.get('member_2499') as Hdf5Dataset)).toEqual(BigInt64Array.of(640n));
      expect(root.has('soft')).toBe(false);
      expect(root.get('nothing')).toBeUndefined();
    });
  });

  it('calls what is not read by its name', async () => {
    const scaled = await errorOf(() => opened(bytes, (file) => datasetOf(file, 'scaled')));
    expect(scaled.message).toContain('has data compressed with scale-offset, which is not read here');
    expect(scaled.message).toContain('h5repack');
    opened(bytes, (file) => {
      expect(datasetOf(file, 'texts').text).toBe('texts or lists of any length of 2');
      expect(datasetOf(file, 'truths').text).toBe('names of an enumeration of 2');
    });
  });

  it('is refused at once when it is cut, with both sizes', async () => {
    const cut = write(bytes.subarray(0, bytes.length - 1));
    const error = await errorOf(() => openHdf5(cut));
    expect(error.message).toBe(
      `${cut} is an HDF5 file of ${bytes.length} bytes, of which only ${bytes.length - 1} are there: it was cut when it was copied or fetched. Fetch it again.`,
    );
  });

  it('is refused in words wherever its beginning is cut', async () => {
    for (let length = 8; length < 128; length++) {
      const cut = write(bytes.subarray(0, length));
      const { message } = await errorOf(() => openHdf5(cut));
      expect(message).toMatch(/superblock is cut short|of which only \d+ are there/);
    }
  });

  it('never gives anything but a sentence when bytes are altered', () => {
    let numRefused = 0;
    let state = 12345;
    const random = (below: number) => {
      state = (state * 1103515245 + 12345) % 2 ** 31;
      return Math.floor((state / 2 ** 31) * below);
    };
    for (let round = 0; round < 100; round++) {
      const altered = Buffer.from(bytes);
      // Structures lie at the beginning more than elsewhere.
      for (let i = 0; i < 3; i++)
        altered[random(round % 2 === 0 ? 4000 : altered.length)] = [0, 255, random(256)][round % 3] as number;
      try {
        opened(altered, (file) => {
          for (const key of file.root.names()) {
            // Its 2,500 names take most of the time.
            if (key === 'group2500' && round % 10 > 0) continue;
            const member = file.root.get(key);
            if (member instanceof Hdf5Group) member.names();
            else if (member !== undefined && member.type.name !== 'other')
              member.readRows(0, Math.min(2, member.numRows));
          }
        });
      } catch (error) {
        expect(error).toBeInstanceOf(LxmertError);
        numRefused++;
      }
    }
    expect(numRefused).toBeGreaterThan(10);
  });
});

describe('a file', () => {
  it('that its writer has not closed is refused', async () => {
    const open = Buffer.from(latest);
    open[11] = 1;
    const error = await errorOf(() => openHdf5(write(open)));
    expect(error.message).toContain('has not closed it');
    expect(error.message).toContain('h5clear --status');
  });

  it('whose tree of names goes in a circle ends with a sentence', async () => {
    const circle = Buffer.from(earliest);
    const tree = circle.indexOf(Buffer.from('TREE\0\x01', 'latin1'));
    expect(tree).toBeGreaterThan(0);
    // Its first child becomes itself.
    circle.writeBigUInt64LE(BigInt(tree), tree + 32);
    const error = await errorOf(() =>
      opened(circle, ({ root }) => root.names().map((name) => root.get(name))),
    );
    expect(error.message).toMatch(
      /is not a sound HDF5 file\. The tree of names at byte \d+ is (named twice|of level)/,
    );
  });

  it('that claims more chunks, or rows at once, than it can hold takes no memory for them', async () => {
    const huge = Buffer.from(earliest);
    const shape = Buffer.alloc(24);
    for (const [i, side] of [5n, 3n, 4n].entries()) shape.writeBigUInt64LE(side, 8 * i);
    for (let at = huge.indexOf(shape); at >= 0; at = huge.indexOf(shape, at + 1))
      huge.writeBigUInt64LE(2n ** 40n, at);
    const before = process.memoryUsage().arrayBuffers;
    const chunked = await errorOf(() => opened(huge, (file) => datasetOf(file, 'chunked').readRows(0, 1)));
    expect(chunked.message).toContain('more than the file can hold');
    const plain = await errorOf(() => opened(huge, (file) => datasetOf(file, 'contiguous').readRows()));
    expect(plain.message).toContain('bytes at once');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50e6);
  });
});

it('a dataset among its own description that holds less than its shape needs is refused, whichever row is read', async () => {
  const altered = Buffer.from(earliest);
  // Its length in bytes, and its three numbers.
  const stored = Buffer.from([12, 0, 7, 0, 0, 0, 8, 0, 0, 0, 9, 0, 0, 0]);
  altered.writeUInt16LE(4, altered.indexOf(stored));
  for (const row of [1, 2]) {
    const error = await errorOf(() =>
      opened(altered, (file) => valuesOf(datasetOf(file, 'compact'), row, 1)),
    );
    expect(error.message).toContain('compact holds fewer bytes than its shape needs');
  }
});
