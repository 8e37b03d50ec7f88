/** @file Tar archives of features, plain and packed by gzip: NumPy files, tables, and what cannot be read so. */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { convertToStore, type StoreConvertOptions } from '../../../src/features/convertToStore.js';
import { archiveInfo } from '../../../src/features/fileInfo.js';
import { writeObj36 } from '../../../src/features/obj36Writer.js';
import { readShardRows } from '../../../src/features/shardRows.js';
import { type ArchiveKind, openArchivedTable } from '../../../src/features/sources/archivedTable.js';
import { openRowSource } from '../../../src/features/sources/openRowSource.js';
import { openShards } from '../../../src/features/storeFiles.js';
import { makeTar } from '../../formats/tarFile.js';
import { collect, errorOf, makeRows, temporaryFolder } from '../support.js';

const folder = temporaryFolder();
let numPaths = 0;
const newPath = (name: string) => path.join(folder, `${numPaths++}-${name}`);
const fixture = (...names: string[]) => path.join(import.meta.dirname, 'fixtures', ...names);

/** The files of a folder of fixtures, as `tar -c .` names them, with what macOS and people leave beside. */
function membersOf(name: string, inFolder = './'): Record<string, Buffer> {
  const files = readdirSync(fixture(name)).sort();
  return Object.fromEntries([
    [`${inFolder}README.txt`, Buffer.from('hello')],
    [`${inFolder}._${files[0]}`, Buffer.from('shadow')],
    ...files.map((file) => [`${inFolder}${file}`, readFileSync(fixture(name, file))] as const),
  ]);
}

function archiveOf(tar: Buffer, kind: ArchiveKind = 'tar'): string {
  const file = newPath(kind === 'tar' ? 'a.tar' : 'a.tar.gz');
  writeFileSync(file, kind === 'tar' ? tar : gzipSync(tar));
  return file;
}

async function convert(
  archive: string,
  kind: ArchiveKind = 'tar',
  {
    member,
    store = newPath('store'),
    ...options
  }: StoreConvertOptions & { member?: string; store?: string } = {},
) {
  const notices: string[] = [];
  const source = await openArchivedTable(archive, kind, member);
  try {
    const all = { dtype: 'float32', notice: (line: string) => notices.push(line), ...options } as const;
    const result = await convertToStore(source, store, all);
    const rows = result.interrupted ? [] : await collect(readShardRows(openShards(store)));
    return { ...result, rows, notice: notices.join(' ') };
  } finally {
    source.close();
  }
}

const refuse = async (archive: string, kind: ArchiveKind = 'tar') =>
  (await errorOf(() => convert(archive, kind))).message;

/** The same files in a folder. */
async function rowsOfFolder(name: string) {
  const store = newPath('store');
  const source = await openRowSource(fixture(name));
  await convertToStore(source!, store, { dtype: 'float32' });
  return await collect(readShardRows(openShards(store)));
}

describe('NumPy files in a tar archive', () => {
  it.each([
    ['openvqa', 'gzip'],
    ['milvlg', 'tar'],
    ['uniter', 'gzip'],
  ] as const)('are read as in a folder: %s, %s', async (name, kind) => {
    const archive = archiveOf(makeTar(membersOf(name)), kind);
    expect((await convert(archive, kind)).rows).toEqual(await rowsOfFolder(name));
    expect(await archiveInfo(archive, kind)).toMatchObject({
      format: 'npz-tar',
      numImages: 3,
      featureSize: 8,
    });
  });

  it('go on after an interruption where they stopped', async () => {
    const archive = archiveOf(makeTar(membersOf('openvqa')), 'gzip');
    const store = newPath('store');
    const stop = new AbortController();
    const opened = await openArchivedTable(archive, 'gzip');
    if (!('rows' in opened)) throw new Error('It is read as a table.');
    const stopping = {
      ...opened,
      rows: async function* (reading: Parameters<typeof opened.rows>[0]) {
        for await (const placed of opened.rows(reading)) {
          yield placed;
          if (placed.line === 2) stop.abort();
        }
      },
    };
    const options = { dtype: 'float32', shardImages: 1 } as const;
    const first = await convertToStore(stopping, store, { ...options, signal: stop.signal });
    opened.close();
    expect(first).toMatchObject({ interrupted: true, numShards: 1 });
    const second = await convert(archive, 'gzip', { ...options, store });
    expect(second).toMatchObject({ interrupted: false, numImages: 3, numResumed: 1 });
    expect(second.rows).toEqual(await rowsOfFolder('openvqa'));
  });

  it('that are broken, or links, are left out when asked for', async () => {
    const members = membersOf('openvqa');
    const names = Object.keys(members).filter((name) => name.endsWith('.npz') && !name.includes('._'));
    const tar = makeTar(
      { ...members, [names[1] as string]: Buffer.from('PK no zip'), './COCO_val2014_000000000045.npz': '' },
      { './COCO_val2014_000000000045.npz': '2' },
    );
    const archive = archiveOf(tar);
    expect(await refuse(archive)).toMatch(/a\.tar, \.\/COCO_val2014_000000000043\.jpg\.npz \(image .*43\): /);
    const { rows, leftOut } = await convert(archive, 'tar', { keepGoing: true });
    expect(rows.map(({ imageId }) => imageId.slice(-2))).toEqual(['42', '44']);
    expect(leftOut.map(({ line }) => line)).toEqual([2, 4]);
    expect(leftOut[1]?.message).toContain('it is a link to another file');
  });
});

describe('a table in a tar archive', () => {
  it.each(['tar', 'gzip'] as const)('is read as it is: %s', async (kind) => {
    const tsv = newPath('rows.tsv');
    await writeObj36(tsv, makeRows(5));
    const bytes = readFileSync(tsv);
    const archive = archiveOf(makeTar({ 'x/README.md': 'hello', 'x/rows.tsv': bytes }), kind);
    const expected = (await convert(archive, kind)).rows;
    expect(expected.map(({ imageId }) => imageId)).toEqual([0, 1, 2, 3, 4].map((i) => `image_${i}`));
    const lines = bytes.toString('latin1').split('\r\n');
    const part = (...numbers: number[]) => numbers.map((i) => `${lines[i]}\r\n`).join('');
    const parts = makeTar({ 'x.tsv.1': part(3, 4), 'x.tsv.0': part(0, 1, 2) });
    expect((await convert(archiveOf(parts, kind), kind)).rows).toEqual(expected);
    const two = archiveOf(makeTar({ 'a.tsv': part(0), 'b/b.tsv': bytes }), kind);
    expect(await refuse(two, kind)).toContain(
      'holds 2 TSV files; name one of them (--member): a.tsv, b/b.tsv',
    );
    expect((await convert(two, kind, { member: 'b.tsv' })).rows).toEqual(expected);
  });

  it("of VinVL's finds the table of sizes beside it", async () => {
    const members = Object.fromEntries(
      ['predictions.tsv', 'predictions.hw.tsv'].map((name) => [
        `v/${name}`,
        readFileSync(fixture('vinvl', name)),
      ]),
    );
    const { rows, notice } = await convert(archiveOf(makeTar(members)));
    expect(rows).toHaveLength(3);
    expect(notice).toContain('sizes of 3 pictures from predictions.hw.tsv');
  });
});

describe('another tar archive', () => {
  it.each([
    ['feat/data.mdb', 'it holds feat/data.mdb, of which parts are read at any place', 'NEW/feat/ FOLDER'],
    ['a.h5', 'it holds a.h5, of which', 'NEW/a.h5 FOLDER'],
    ['x/1.npy', 'it holds NumPy files, the first x/1.npy', 'features convert NEW FOLDER'],
  ])('says how it is unpacked: %s', async (name, what, way) => {
    const archive = archiveOf(makeTar({ LICENSE: 'x', [name]: 'x' }), 'gzip');
    const message = await refuse(archive, 'gzip');
    expect(message).toContain(what);
    expect(message).toContain(`(mkdir NEW && tar -xf ${archive} -C NEW)`);
    expect(message).toContain(way);
  });

  it('is refused when a name leads out of its folder', async () => {
    for (const name of ['../1.npz', '/tmp/1.npz', 'a/../../1.npz', 'a\\1.npz', '../a.tsv'])
      expect(await refuse(archiveOf(makeTar({ [name]: 'x' })))).toContain('would lead out of its folder');
  });

  it('is refused when it is cut, also where broken rows are left out', async () => {
    const whole = makeTar(membersOf('openvqa'));
    for (let length = 600; length < whole.length - 1024; length += 700) {
      const archive = archiveOf(whole.subarray(0, length));
      expect(
        (await errorOf(() => convert(archive, 'tar', { keepGoing: true }))).message,
        String(length),
      ).toMatch(/is damaged or cut short: .*Fetch or copy the archive again/);
    }
  });

  it('is refused when the length of a file is no number', async () => {
    const tar = makeTar({ 'a.npz': 'x' });
    tar[124] = 0xae;
    // The sum of the header's bytes with blanks in its own place.
    tar.write('        ', 148);
    const sum = tar.subarray(0, 512).reduce((total, byte) => total + byte, 0);
    tar.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    expect(await refuse(archiveOf(tar))).toContain("the length of 'a.npz' is no number of bytes");
  });

  it('is refused when a header promises a name that does not end', async () => {
    const long = makeTar({ 'a.npz': Buffer.alloc(20 << 20) }, { 'a.npz': 'x' });
    expect(await refuse(archiveOf(long, 'gzip'), 'gzip')).toContain('no member begins within 16777216 bytes');
  });
});
