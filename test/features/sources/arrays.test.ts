/** @file Files of arrays that NumPy, LMDB and msgpack-numpy wrote (fixtures/makeArrays.py), to a store and back. */

import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { convertToStore } from '../../../src/features/convertToStore.js';
import { convertToTsv } from '../../../src/features/convertToTsv.js';
import { readObj36 } from '../../../src/features/obj36Reader.js';
import type { FeatureRow } from '../../../src/features/row.js';
import { openRowSource } from '../../../src/features/sources/openRowSource.js';
import { openShards } from '../../../src/features/storeFiles.js';
import { goldenPath } from '../../support/golden.js';
import { collect, errorOf, temporaryFolder } from '../support.js';
import { expectedRow, withoutLabels, withoutSizes } from './expected.js';

const folder = temporaryFolder();
const fixture = (name: string) => path.join(import.meta.dirname, 'fixtures', name);
let numPaths = 0;

/** A database's folder; its file is kept packed. */
function database(name: string, place = `place${numPaths++}`): string {
  const target = path.join(folder, place);
  mkdirSync(target, { recursive: true });
  writeFileSync(path.join(target, 'data.mdb'), gunzipSync(readFileSync(fixture(`${name}.mdb.gz`))));
  return target;
}

/** Through a store to a TSV file, and what that holds. */
async function convert(from: string) {
  const [store, tsv] = [path.join(folder, `store${numPaths}`), path.join(folder, `${numPaths++}.tsv`)];
  const source = await openRowSource(from);
  if (source === undefined) throw new Error(`${from} is not recognised.`);
  const notices: string[] = [];
  await convertToStore(source, store, { dtype: 'float32', notice: (line) => notices.push(line) });
  await convertToTsv(store, tsv);
  const rows = (await collect(readObj36(tsv))).map(({ row }) => row);
  const { settings } = openShards(store)[0]!.metadata.provenance;
  return { rows, settings, notice: notices.join(' ') };
}

const all = [0, 1, 2].map((p) => expectedRow(p));
const wide = [0, 1, 2].map((p) => expectedRow(p, 512));
const named = (rows: readonly FeatureRow[], name: (p: number) => string) =>
  rows.map((row, p) => ({ ...row, imageId: name(p) }));

describe('one NumPy file a picture', () => {
  it('as MILVLG writes them: labels lie in a pickled dictionary', async () => {
    const { rows, settings } = await convert(fixture('milvlg'));
    expect(rows).toEqual(all);
    expect(settings).toEqual({});
  });

  it("as openvqa writes them: transposed, in Fortran's order", async () => {
    const { rows, settings, notice } = await convert(fixture('openvqa'));
    expect(rows).toEqual(all.map((row) => withoutLabels(row, 'none')));
    expect(settings).toEqual({ labels: 'none' });
    expect(notice).toContain('features are transposed');
  });

  it("GQA's variant", async () => {
    const { rows } = await convert(fixture('gqa'));
    expect(rows).toEqual(named(all, (p) => String(42 + p)).map((row) => withoutLabels(row, 'none')));
  });

  it('as UNITER writes them: float16, shares, the likeliest object without background', async () => {
    const { rows, settings, notice } = await convert(fixture('uniter'));
    expect(rows).toEqual(all.map((row) => withoutSizes(withoutLabels(row, 'objects'), true)));
    expect(settings).toEqual({ labels: 'objects', sizes: 'none' });
    expect(notice).toContain('boxes are x1, y1, x2, y2 as shares');
    expect(notice).toContain('there are no attributes');
  });

  it('as mmf writes them: vectors and boxes in two files, filled up behind num_boxes', async () => {
    const { rows, settings, notice } = await convert(fixture('mmf'));
    expect(rows).toEqual(all.map((row) => withoutLabels(row, 'objects')));
    expect(settings).toEqual({ labels: 'objects' });
    expect(notice).toContain('another detector');
  });

  it('alone', async () => {
    const file = fixture('milvlg/COCO_val2014_000000000043.npz');
    expect((await convert(file)).rows).toEqual([expectedRow(1)]);
    const vectors = fixture('mmf/COCO_val2014_000000000044.npy');
    expect((await convert(vectors)).rows).toEqual([withoutLabels(expectedRow(2), 'objects')]);
  });
});

describe('an LMDB database', () => {
  it("of mmf's pickles, whose keys are paths", async () => {
    const { rows } = await convert(database('mmf'));
    expect(rows).toEqual(wide.map((row) => withoutLabels(row, 'objects')));
  });

  it("of vilbert's pickles", async () => {
    const { rows } = await convert(database('vilbert'));
    expect(rows).toEqual(wide.map((row) => withoutLabels(row, 'none')));
  });

  it("of volta's pickled rows of obj36, whose keys are numbers alone", async () => {
    expect((await convert(database('volta'))).rows).toEqual(all);
  });

  it("of volta's pickles that were HDF5 groups", async () => {
    expect((await convert(database('volta-h5'))).rows).toEqual(all);
  });

  it.each(['uniter', 'uniter-compressed'])(
    'of %s, with the boxes that are counted beside it',
    async (name) => {
      const place = `db${numPaths++}`;
      const counts = {
        'nlvr2_dev-0-0-img0.npz': 3,
        'nlvr2_dev-1-0-img0.npz': 2,
        'nlvr2_dev-2-0-img0.npz': 2,
      };
      const given = database(name, `${place}/feat_th0.2_max100_min10`);
      writeFileSync(path.join(folder, place, 'nbb_th0.2_max100_min10.json'), JSON.stringify(counts));
      const { rows, settings, notice } = await convert(given);
      const expected = named(all, (p) => `dev-${p}-0-img0`).map((row) =>
        withoutSizes(withoutLabels(row, 'objects'), true),
      );
      const [, , last] = expected as [FeatureRow, FeatureRow, FeatureRow];
      expected[2] = {
        ...last,
        numBoxes: 2,
        ...{ objectsId: last.objectsId.slice(0, 2), objectsConf: last.objectsConf.slice(0, 2) },
        ...{ attrsId: last.attrsId.slice(0, 2), attrsConf: last.attrsConf.slice(0, 2) },
        ...{ boxes: last.boxes.slice(0, 8), features: last.features.slice(0, 16) },
      };
      expect(rows).toEqual(expected);
      expect(settings).toEqual({ labels: 'objects', sizes: 'none' });
      expect(notice).toContain('nbb_th0.2_max100_min10.json');
    },
  );
});

describe("VinVL's and Oscar's files", () => {
  const shares = all.map((row) => withoutSizes(withoutLabels(row, 'none')));

  it('vectors in base64, with the place of a box as its last six numbers', async () => {
    const alone = path.join(folder, 'features.tsv');
    copyFileSync(fixture('vinvl/features.tsv'), alone);
    const { rows, settings, notice } = await convert(alone);
    expect(rows).toEqual(shares);
    expect(settings).toEqual({ labels: 'none', sizes: 'none' });
    expect(notice).toContain('another detector (X152-C4)');
  });

  it('the same with sizes of pictures beside them, and as JSON', async () => {
    const expected = all.map((row) => withoutLabels(row, 'none'));
    expect((await convert(fixture('vinvl/features.tsv'))).rows).toEqual(expected);
    expect((await convert(fixture('vinvl/val.feature.tsv'))).rows).toEqual(expected);
  });

  it('objects in JSON, whose boxes are pixels of pictures with sizes beside them', async () => {
    const { rows, settings } = await convert(fixture('vinvl/predictions.tsv'));
    expect(rows).toEqual(all.map((row) => withoutLabels(row, 'none')));
    expect(settings).toEqual({ labels: 'none' });
    const alone = path.join(temporaryFolder(), 'predictions.tsv');
    copyFileSync(fixture('vinvl/predictions.tsv'), alone);
    expect((await errorOf(() => convert(alone))).message).toContain(
      'Put the table of sizes (hw.tsv) beside it',
    );
  });

  it('files that are cut, or prose, in whole sentences with their names', async () => {
    const cut = path.join(temporaryFolder(), 'cut.npz');
    const [whole = ''] = readdirSync(fixture('milvlg'));
    writeFileSync(cut, readFileSync(fixture(`milvlg/${whole}`)).subarray(0, 700));
    expect((await errorOf(() => convert(cut))).message).toMatch(
      /cut\.npz.* the directory at its end is missing, as where a file is cut\.$/,
    );
    const lmdb = path.join(temporaryFolder(), 'cut.mdb');
    writeFileSync(lmdb, gunzipSync(readFileSync(fixture('mmf.mdb.gz'))).subarray(0, 8192));
    expect((await errorOf(() => convert(lmdb))).message).toMatch(/^\S*cut\.mdb[: ]/);
  });

  it('damaged JSON, told by its place', async () => {
    const place = path.join(temporaryFolder(), 'features.tsv');
    writeFileSync(place, 'a\t{"num_boxes": 1, "features": "AA"]\n');
    expect((await errorOf(() => convert(place))).message).toContain(
      "its JSON is damaged: line 1, column 34: expected ',' or '}', found ']'",
    );
    writeFileSync(
      place,
      `a\t{"num_boxes": ${'['.repeat(30_000)}${']'.repeat(30_000)}, "features": "AA=="}\n`,
    );
    expect((await errorOf(() => convert(place))).message).toContain('found a value that is');
  });

  it.each(['model_zip.pth', 'model_legacy.pth'])("a model's weights are none: %s", async (name) => {
    const { message } = await errorOf(() => convert(goldenPath(name)));
    expect(message).toMatch(/is a PyTorch file, not region features.*For weights: lxmert checkpoint info\./);
  });

  it.each(['oscar.pt', 'oscar-2019.pt'])('a dictionary of tensors: %s', async (name) => {
    const { rows, settings } = await convert(fixture(`vinvl/${name}`));
    expect(rows).toEqual(shares);
    expect(settings).toEqual({ labels: 'none', sizes: 'none' });
  });
});
