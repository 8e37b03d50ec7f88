/** @file VinVL's and Oscar's tables in archives, read as they are inflated, and archives of what cannot be. */

import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { convertToStore } from '../../../src/features/convertToStore.js';
import { archiveInfo } from '../../../src/features/fileInfo.js';
import { readShardRows } from '../../../src/features/shardRows.js';
import { openArchivedTable } from '../../../src/features/sources/archivedTable.js';
import type { StatedSource } from '../../../src/features/sources/indexedRows.js';
import { openShards } from '../../../src/features/storeFiles.js';
import { makeZip } from '../../formats/zipFile.js';
import { collect, errorOf, temporaryFolder } from '../support.js';
import { expectedRow, withoutLabels, withoutSizes } from './expected.js';

const folder = temporaryFolder();
const vinvl = (name: string) => readFileSync(path.join(import.meta.dirname, 'fixtures/vinvl', name));
let numPaths = 0;

function placed(name: string, bytes: Buffer, place = path.join(temporaryFolder())): string {
  const file = path.join(place, name);
  writeFileSync(file, bytes);
  return file;
}

async function convert(archive: string, kind: 'zip' | 'gzip', stated: StatedSource = {}) {
  const store = path.join(folder, `store${numPaths++}`);
  const notices: string[] = [];
  const source = await openArchivedTable(archive, kind, undefined, stated);
  try {
    await convertToStore(source, store, { dtype: 'float32', notice: (line) => notices.push(line) });
  } finally {
    source.close();
  }
  return { rows: await collect(readShardRows(openShards(store))), notice: notices.join(' ') };
}

const whole = [0, 1, 2].map((p) => withoutLabels(expectedRow(p), 'none'));

describe("a table of VinVL's in an archive", () => {
  it('packed by gzip, with vectors alone', async () => {
    const file = placed('features.tsv.gz', gzipSync(vinvl('features.tsv')));
    const { rows, notice } = await convert(file, 'gzip');
    expect(rows).toEqual(whole.map((row) => withoutSizes(row)));
    expect(notice).toContain('another detector (X152-C4)');
    expect(await archiveInfo(file, 'gzip')).toMatchObject({ format: 'vinvl', numImages: 3, featureSize: 8 });
  });

  it('packed by gzip, with objects whose sizes lie beside it or are stated', async () => {
    const file = placed('predictions.tsv.gz', gzipSync(vinvl('predictions.tsv')));
    expect((await errorOf(() => convert(file, 'gzip'))).message).toContain(
      'has boxes in pixels and no sizes',
    );
    const sizes = new Map(whole.map(({ imageId, height, width }) => [imageId, { height, width }]));
    expect((await convert(file, 'gzip', { sizes })).rows).toEqual(whole);
    placed('predictions.hw.tsv', vinvl('predictions.hw.tsv'), path.dirname(file));
    expect((await convert(file, 'gzip')).rows).toEqual(whole);
  });

  it('in a zip archive with its sizes and the index of its lines', async () => {
    const members = ['predictions.tsv', 'predictions.hw.tsv', 'features.lineidx'].map((name) => ({
      name: `vinvl/${name}`,
      data: vinvl(name),
      deflate: true,
    }));
    const { rows, notice } = await convert(placed('vinvl.zip', makeZip(members)), 'zip');
    expect(rows).toEqual(whole);
    expect(notice).toContain('sizes of 3 pictures from predictions.hw.tsv');
  });

  it('in a zip archive whose sizes are damaged is refused', async () => {
    const members = [
      { name: 'predictions.tsv', data: vinvl('predictions.tsv') },
      { name: 'predictions.hw.tsv', data: vinvl('predictions.hw.tsv'), crc: 1 },
    ];
    const { message } = await errorOf(() => convert(placed('damaged.zip', makeZip(members)), 'zip'));
    expect(message).toContain('predictions.hw.tsv is damaged: its CRC-32 checksum does not fit. Fetch');
  });

  it('in a zip archive whose names are in capitals, as some systems write them', async () => {
    const members = ['predictions.tsv', 'predictions.hw.tsv'].map((name) => ({
      name: name.toUpperCase(),
      data: vinvl(name),
    }));
    const { rows, notice } = await convert(placed('capitals.zip', makeZip(members)), 'zip');
    expect(rows).toEqual(whole);
    expect(notice).toContain('sizes of 3 pictures from PREDICTIONS.HW.TSV');
  });

  it('goes on after an interruption where it stopped', async () => {
    const file = placed('features.tsv.gz', gzipSync(vinvl('features.tsv')));
    const store = path.join(folder, `store${numPaths++}`);
    const run = async (signal?: AbortSignal) => {
      const source = await openArchivedTable(file, 'gzip');
      try {
        const options = { dtype: 'float32', shardImages: 1 } as const;
        return await convertToStore(source, store, {
          ...options,
          ...(signal === undefined ? {} : { signal }),
        });
      } finally {
        source.close();
      }
    };
    const stop = new AbortController();
    const source = await openArchivedTable(file, 'gzip');
    if (!('rows' in source)) throw new Error('it is no table of VinVL');
    const { rows } = source;
    const stopping = {
      ...source,
      rows: async function* (reading: Parameters<typeof rows>[0]) {
        for await (const row of rows(reading)) {
          yield row;
          if (row.line === 2) stop.abort();
        }
      },
    };
    const first = await convertToStore(stopping, store, {
      dtype: 'float32',
      shardImages: 1,
      signal: stop.signal,
    });
    source.close();
    expect(first).toMatchObject({ interrupted: true, numShards: 1 });
    expect(await run()).toMatchObject({ interrupted: false, numImages: 3, numResumed: 1 });
  });
});

describe('an archive of features that are read at any place', () => {
  it.each([
    ['train36.hdf5', 'train36.hdf5'],
    ['gqa/gqa_objects_0.h5', 'gqa/'],
    ['feat/data.mdb', 'feat/'],
    ['out.arrow', 'out.arrow'],
  ])('says how it is unpacked: %s', async (name, given) => {
    const file = placed('features.zip', makeZip([{ name, data: Buffer.from('x') }]));
    const { message } = await errorOf(() => openArchivedTable(file, 'zip'));
    expect(message).toContain(`it holds ${name}, of which parts are read at any place`);
    expect(message).toContain(`unzip -d NEW), then: lxmert features convert NEW/${given} FOLDER`);
  });
});
