/** @file Files and folders of other kinds, given where a feature store is expected. */

import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { openShards } from '../../src/features/storeFiles.js';
import { FeatureStoreWriter } from '../../src/features/storeWriter.js';
import { unknownProvenance } from '../../src/features/unknownProvenance.js';
import { errorOf, makeRows, temporaryFolder } from './support.js';

const folder = temporaryFolder();
let numPlaces = 0;

describe('a file or folder of another kind', () => {
  /** Beginnings as their formats have them. */
  const kinds: [string, Buffer, string][] = [
    ['an HDF5 file', Buffer.from('\x89HDF\r\n\x1a\n........', 'latin1'), 'lxmert features convert'],
    ['a NumPy array (.npy)', Buffer.from('\x93NUMPY\x01\x00', 'latin1'), '_info before its ending'],
    ['a Parquet table', Buffer.from('PAR1....', 'latin1'), 'feature-formats.md'],
    [
      "an LMDB database's data file",
      Buffer.from(`${'\0'.repeat(16)}\xde\xc0\xef\xbe`, 'latin1'),
      'lxmert features convert',
    ],
    ['a Python pickle', Buffer.from('\x80\x02}q\x00.', 'latin1'), 'feature-formats.md'],
    ['a Feather table of version 1', Buffer.from('FEA1....', 'latin1'), 'feather.write_feather('],
    ['a bzip2 archive', Buffer.from('BZh91AY', 'latin1'), 'bunzip2 --keep'],
    ['an xz archive', Buffer.from('\xfd7zXZ\x00\x00', 'latin1'), 'unxz --keep'],
    ['a gzip archive', Buffer.from('\x1f\x8b\x08\x00', 'latin1'), 'lxmert features convert'],
    ['a JPEG picture', Buffer.from('\xff\xd8\xff\xe0', 'latin1'), 'lxmert extract'],
    ['empty (0 bytes)', Buffer.alloc(0), 'Fetch or copy it again'],
    ['a web page (HTML)', Buffer.from('<!doctype html>'), 'Fetch or copy it again'],
    [
      'a TSV file',
      Buffer.from('image_1\t480\t640\tAAAA\n'),
      'make a store of it first: lxmert features convert',
    ],
    ['JSON text (a list)', Buffer.from('[{"a": 1}]'), 'Read are feature stores'],
  ];

  it.each(kinds)(
    'is called %s, with the way on and never the advice to delete it',
    async (name, bytes, way) => {
      for (const file of ['features', 'train.tsv.0', 'a.tsv', 'shard-00000.safetensors']) {
        const place = path.join(folder, `foreign${numPlaces++}`);
        mkdirSync(place);
        writeFileSync(path.join(place, file), bytes);
        for (const given of [path.join(place, file), place]) {
          const { message } = await errorOf(() => openShards(given));
          expect(message).toContain(`${path.join(place, file)} is ${name}`);
          expect(message).toContain(way);
          expect(message).not.toMatch(/delete/i);
        }
      }
    },
  );

  it('is called a shard when it is one under another name', async () => {
    const place = path.join(folder, `foreign${numPlaces++}`);
    const writer = await FeatureStoreWriter.create(place, {
      provenance: unknownProvenance,
      numBoxes: 4,
      dtype: 'float32',
      shardImages: 5,
    });
    for (const row of makeRows(2)) await writer.add(row);
    await writer.finish();
    renameSync(path.join(place, 'shard-00000.safetensors'), path.join(place, 'Shard-0 (1).safetensors'));
    const { message } = await errorOf(() => openShards(place));
    expect(message).toContain('is a shard of a feature store under another name');
  });

  it('is looked into: stores in a folder are named', async () => {
    const place = path.join(folder, `foreign${numPlaces++}`);
    mkdirSync(path.join(place, 'train'), { recursive: true });
    writeFileSync(path.join(place, 'train', 'shard-00000.safetensors'), '');
    expect((await errorOf(() => openShards(place))).message).toContain(
      `: name ${path.join(place, 'train')}.`,
    );
  });
});
