/** @file Rows of formats of arrays on their way into a store: what is missing, in which form boxes are, going on, broken rows. */

import { readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { LxmertError } from '../../src/common/errors.js';
import { convertToStore } from '../../src/features/convertToStore.js';
import type { FeatureRow } from '../../src/features/row.js';
import { readShardRows } from '../../src/features/shardRows.js';
import type { IndexedRows, RawRow } from '../../src/features/sources/indexedRows.js';
import { openIndexed } from '../../src/features/sources/indexedSource.js';
import { openShards } from '../../src/features/storeFiles.js';
import { collect, errorOf, makeRows, temporaryFolder } from './support.js';

const folder = temporaryFolder();
let numPaths = 0;
const newPath = () => path.join(folder, `out${numPaths++}`);

/** Rows in memory as a format of arrays. */
function indexed(rows: readonly RawRow[], fields: Partial<IndexedRows> = {}): IndexedRows {
  return {
    name: 'given.h5',
    fileName: 'given.h5',
    numBytes: 1000,
    format: 'made-up',
    numRows: rows.length,
    labels: 'all',
    notes: [],
    place: (index) => `row ${index}`,
    idAt: (index) => rows[index]?.imageId ?? '',
    read: (index) => rows[index] as RawRow,
    close: () => undefined,
    ...fields,
  };
}

function boxesOf(row: FeatureRow, change: (box: number[], row: FeatureRow) => number[]): Float32Array {
  const boxes = Array.from({ length: row.numBoxes }, (_, i) => [...row.boxes.subarray(4 * i, 4 * i + 4)]);
  return Float32Array.from(boxes.flatMap((box) => change(box, row)));
}

const toShares = ([a, b, c, d]: number[], { width, height }: FeatureRow) => [
  a! / width,
  b! / height,
  c! / width,
  d! / height,
];
const toSizes = ([a, b, c, d]: number[]) => [a!, b!, c! - a!, d! - b!];

const rows = makeRows(9);
const withoutSizes = ({ imageId, boxes, features }: FeatureRow): RawRow => ({ imageId, boxes, features });
const storedRows = (store: string) => collect(readShardRows(openShards(store)));

describe('rows by number', () => {
  it('come back from a float32 store as they were', async () => {
    const store = newPath();
    await convertToStore(await openIndexed(indexed(rows)), store, { dtype: 'float32', shardImages: 4 });
    expect(await storedRows(store)).toEqual(rows);
    const { provenance, conversion } = openShards(store)[1]!.metadata;
    expect(provenance).toMatchObject({ source: 'given.h5', settings: {} });
    expect(conversion).toEqual({
      ...{ sourceBytes: 1000, shardImages: 4, maxImages: null, duplicates: 'error', format: 'made-up' },
      ...{ fromByte: 4, toByte: 8, fromLine: 5, toLine: 8 },
    });
  });

  it('have zeros for labels and a mark where there are none, and boxes of a picture of 1 x 1 without sizes', async () => {
    const store = newPath();
    const raw = rows.map((row) => ({ ...withoutSizes(row), boxes: boxesOf(row, toShares) }));
    const source = await openIndexed(indexed(raw, { labels: 'none' }));
    expect(source.notes).toEqual([
      "boxes are x1, y1, x2, y2 as shares of the picture's sides (0 to 1)",
      'there are no labels, which pre-training alone needs',
      'there are no sizes of pictures, without which boxes cannot be drawn',
    ]);
    await convertToStore(source, store, { dtype: 'float32' });
    expect(openShards(store)[0]?.metadata.provenance.settings).toEqual({ labels: 'none', sizes: 'none' });
    const [first] = await storedRows(store);
    expect(first).toMatchObject({ height: 1, width: 1, boxes: raw[0]?.boxes });
    expect(first?.objectsId).toEqual(new BigInt64Array(4));
  });

  it('take stated sizes, and tell boxes with a width and a height by evidence', async () => {
    const sizes = new Map(rows.map(({ imageId, height, width }) => [imageId, { height, width }]));
    const raw = rows.map((row) => ({ ...withoutSizes(row), boxes: boxesOf(row, toSizes) }));
    const source = await openIndexed(indexed(raw), { sizes });
    expect(source.notes[0]).toBe('boxes are x, y, width, height in pixels');
    expect(source.identity.boxForm).toBe('xywh pixel');
    const [first] = await collect(source.rows());
    for (const [i, value] of rows[0]!.boxes.entries()) expect(first?.row.boxes[i]).toBeCloseTo(value, 3);
  });

  it('in pixels without sizes are refused with the flag that states them', async () => {
    const error = await errorOf(() => openIndexed(indexed(rows.map(withoutSizes))));
    expect(error).toBeInstanceOf(LxmertError);
    expect(error.message).toContain('no sizes of pictures');
    expect(error.message).toContain('--sizes-from FILE');
  });

  it('whose corners may have y first are refused, since heights and widths may have changed places as well', async () => {
    const raw = rows.map((row) => ({ ...row, height: row.width, width: row.height }));
    const error = await errorOf(() => openIndexed(indexed(raw)));
    expect(error.message).toContain('the boxes of most pictures are not x1, y1, x2, y2 in pixels');
    expect(error.message).toContain('--box-format');
  });

  it('of another length than stated, of zeros alone, or out of range are refused', async () => {
    const sized = await errorOf(() => openIndexed(indexed(rows), { featureSize: 2048 }));
    expect(sized.message).toBe('given.h5 has 6 values for each box, and --feature-size states 2048.');
    const zeros = rows.map((row) => ({ ...row, features: new Float32Array(24) }));
    expect((await errorOf(() => openIndexed(indexed(zeros)))).message).toContain('nothing but zeros');
    const large = rows.map((row) => ({ ...row, features: row.features.map((value) => value * 1e9) }));
    expect((await errorOf(() => openIndexed(indexed(large)))).message).toContain('--feature-range=LOW,HIGH');
  });

  it('end at a broken one with its place, or go on without it', async () => {
    const read = (index: number): RawRow => {
      if (index === 3) throw new LxmertError('features are cut.');
      return rows[index] as RawRow;
    };
    const store = newPath();
    const stopped = await errorOf(async () =>
      convertToStore(await openIndexed(indexed(rows, { read })), store),
    );
    expect(stopped.message).toBe(
      'given.h5, row 3 (image image_3): features are cut. With --keep-going such rows are left out and listed; ' +
        'a whole row of the same image is taken.',
    );
    const result = await convertToStore(await openIndexed(indexed(rows, { read })), store, {
      keepGoing: true,
    });
    expect(result).toMatchObject({ numImages: 8, leftOut: [{ line: 4, start: 3, imageId: 'image_3' }] });
  });

  it('of a second time are refused, or left out', async () => {
    const twice = [...rows, rows[2]!];
    const store = newPath();
    const error = await errorOf(async () => convertToStore(await openIndexed(indexed(twice)), store));
    expect(error.message).toContain('given.h5, row 10: image image_2 already has a row above.');
    const result = await convertToStore(await openIndexed(indexed(twice)), store, { duplicates: 'first' });
    expect(result).toMatchObject({ numImages: 9, numDuplicates: 1 });
  });

  it('go on after an interruption to the same bytes, and not with another source', async () => {
    const [whole, store] = [newPath(), newPath()];
    await convertToStore(await openIndexed(indexed(rows)), whole, { shardImages: 2 });
    const controller = new AbortController();
    const read = (index: number): RawRow => {
      if (controller.signal.aborted === false && index === 7 && numRead++ > 0) controller.abort();
      return rows[index] as RawRow;
    };
    let numRead = 0;
    const first = await convertToStore(await openIndexed(indexed(rows, { read })), store, {
      shardImages: 2,
      signal: controller.signal,
    });
    expect(first).toMatchObject({ interrupted: true, numShards: 3 });
    for (const [what, fields] of [
      ['sourceBytes', { numBytes: 999 }],
      ['format', { format: 'another' }],
      ['is not at row 5', { idAt: (index: number) => `other_${index}` }],
    ] as const) {
      const error = await errorOf(async () =>
        convertToStore(await openIndexed(indexed(rows, fields)), store, { shardImages: 2 }),
      );
      expect(error).toMatchObject({ exitCode: 2 });
      expect(error.message).toContain(what);
    }
    const second = await convertToStore(await openIndexed(indexed(rows)), store, { shardImages: 2 });
    expect(second).toMatchObject({ numImages: 9, numResumed: 6 });
    for (const name of readdirSync(whole))
      expect(readFileSync(path.join(store, name)).equals(readFileSync(path.join(whole, name)))).toBe(true);
    rmSync(whole, { recursive: true });
  });
});
