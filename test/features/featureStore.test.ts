/** @file Batches out of mapped stores against the rows they were made of. */

import { existsSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import type { FeatureBatch } from '../../src/features/featureBatch.js';
import type { FeatureRow } from '../../src/features/row.js';
import { FeatureStoreWriter, type StoreWriterOptions } from '../../src/features/storeWriter.js';
import { unknownProvenance } from '../../src/features/unknownProvenance.js';
import { addonPath } from '../../src/torch/native.js';
import { publishedPath } from '../support/published.js';
import { needing } from '../support/skips.js';
import { collect, errorOf, makeRow, makeRows, temporaryFolder } from './support.js';

const folder = temporaryFolder();
let numStores = 0;

async function storeOf(
  rows: readonly FeatureRow[],
  options: Partial<StoreWriterOptions> = {},
): Promise<string> {
  const store = path.join(folder, `store${numStores++}`);
  const settled = {
    provenance: unknownProvenance,
    numBoxes: 4,
    dtype: 'float32',
    shardImages: 4,
    ...options,
  } as const;
  const writer = await FeatureStoreWriter.create(store, settled);
  for (const row of rows) await writer.add(row);
  await writer.finish();
  return store;
}

const hasBridge = existsSync(addonPath());

needing('bridge').describe('gathering', async () => {
  const {
    FeatureStore,
    batchFromRows,
    readObj36,
    convertToStore,
    float16ToFloat32,
    float32ToFloat16,
    scope,
  } = hasBridge
    ? {
        ...(await import('../../src/features/index.js')),
        ...(await import('../../src/formats/float16.js')),
        ...(await import('../../src/torch/index.js')),
      }
    : ({} as never);

  /** Everything of a batch as plain numbers. */
  function plain(batch: FeatureBatch) {
    const numbers = (tensor: FeatureBatch['mask']) => tensor && [...tensor.shape, ...tensor.toFloat32Array()];
    return {
      features: numbers(batch.features),
      boxes: numbers(batch.boxes),
      mask: numbers(batch.mask),
      numBoxes: batch.numBoxes,
      sizes: batch.sizes,
      labels: batch.labels && Object.values(batch.labels).map(numbers),
    };
  }

  /** Puts a batch together by hand: the reference's division, zeros as padding. */
  function expectedOf(rows: readonly FeatureRow[]) {
    const n = Math.max(...rows.map((row) => row.numBoxes));
    const size = rows[0]!.features.length / rows[0]!.numBoxes;
    const pad = (values: ArrayLike<number>, length: number) => [
      ...Array.from(values),
      ...new Array<number>(length - values.length).fill(0),
    ];
    const flat = (take: (row: FeatureRow) => ArrayLike<number>, each: number) =>
      rows.flatMap((row) => pad(take(row), n * each));
    return {
      features: [rows.length, n, size, ...flat((row) => row.features, size)],
      boxes: [
        rows.length,
        n,
        4,
        ...flat(
          (row) => row.boxes.map((value, k) => Math.fround(value / [row.width, row.height][k % 2]!)),
          4,
        ),
      ],
      mask: rows.every((row) => row.numBoxes === n)
        ? null
        : [rows.length, n, ...flat((row) => new Array<number>(row.numBoxes).fill(1), 1)],
      numBoxes: rows.map((row) => row.numBoxes),
      sizes: rows.map(({ height, width }) => ({ height, width })),
      labels: [
        [rows.length, n, ...flat((row) => Array.from(row.objectsId, Number), 1)],
        [rows.length, n, ...flat((row) => row.objectsConf, 1)],
        [rows.length, n, ...flat((row) => Array.from(row.attrsId, Number), 1)],
        [rows.length, n, ...flat((row) => row.attrsConf, 1)],
      ],
    };
  }

  const rows = makeRows(11).map((row, i) =>
    i === 5 || i === 9 ? makeRow(i, { numBoxes: i === 5 ? 2 : 3 }) : row,
  );

  it.each([
    ['one image', [6]],
    ['images of one shard', [2, 0, 1, 3]],
    ['images of all shards, mixed, one twice', [10, 0, 6, 3, 0, 8]],
    ['images with fewer boxes than others', [5, 0, 9]],
    ['images with the same smaller number of boxes', [5, 5]],
  ])('gives the rows of %s', async (_, wanted) => {
    using store = FeatureStore.open(await storeOf(rows));
    scope(() => {
      const batch = store.gather(
        wanted.map((i) => `image_${i}`),
        { labels: true },
      );
      expect(plain(batch)).toEqual(expectedOf(wanted.map((i) => rows[i]!)));
      expect(batch.labels?.objectsId.dtype).toBe('int64');
      expect(plain(store.gather(['image_0'])).labels).toBeNull();
    });
  });

  it('gives single rows from their files, the bytes that were written, and refuses images that are not there', async () => {
    const rows = makeRows(6);
    const store = FeatureStore.open(await storeOf(rows));
    for (const row of rows) expect(await store.readRow(row.imageId)).toEqual(row);
    expect((await errorOf(() => store.readRow('elsewhere'))).message).toMatch(
      /no features for image elsewhere/,
    );
  });

  it('holds for random batches over stores of different types and numbers of boxes', async () => {
    const wide = makeRows(30)
      .slice(20)
      .map((row, i) => (i % 2 ? makeRow(20 + i, { numBoxes: 6 }) : row));
    const paths = [await storeOf(rows), await storeOf(wide, { numBoxes: 7 })];
    const all = [...rows, ...wide];
    using store = FeatureStore.open(paths);
    expect([store.numImages, store.maxBoxes, store.featureSize]).toEqual([21, 7, 6]);
    for (let seed = 0; seed < 20; seed++) {
      const wanted = Array.from({ length: 1 + (seed % 5) }, (_, k) => (seed * 7 + k * 5) % 21);
      scope(() =>
        expect(plain(store.gatherAt(wanted, { labels: true }))).toEqual(
          expectedOf(wanted.map((i) => all[i]!)),
        ),
      );
    }
  });

  it('gives float16 as stored or converted, rounded as libtorch rounds', async () => {
    using store = FeatureStore.open(await storeOf(rows, { dtype: 'float16' }));
    using exact = FeatureStore.open(await storeOf(rows));
    for (const ids of [
      ['image_0', 'image_2'],
      ['image_0', 'image_6'],
      ['image_0', 'image_5'],
    ]) {
      scope(() => {
        const stored = store.gather(ids, { dtype: 'stored' }).features;
        const converted = store.gather(ids).features;
        const byTorch = exact.gather(ids, { dtype: 'float16' }).features;
        expect([stored.dtype, converted.dtype, byTorch.dtype]).toEqual(['float16', 'float32', 'float16']);
        expect(stored.data()).toEqual(byTorch.data());
        expect(converted.toFloat32Array()).toEqual(stored.toFloat32Array());
        expect(exact.gather(ids, { dtype: 'stored' }).features.dtype).toBe('float32');
      });
    }
  });

  it('gives float32 where stores of both types meet in a batch', async () => {
    using store = FeatureStore.open([
      await storeOf(rows, { dtype: 'float16' }),
      await storeOf([makeRow(50)]),
    ]);
    scope(() => {
      expect(store.gather(['image_0', 'image_50'], { dtype: 'stored' }).features.dtype).toBe('float32');
      expect(store.gather(['image_0'], { dtype: 'stored' }).features.dtype).toBe('float16');
    });
  });

  it('reads shards whose arrays are not aligned', async () => {
    const odd = makeRows(3, { numBoxes: 3, featureSize: 5 });
    using store = FeatureStore.open(await storeOf(odd, { dtype: 'float16', numBoxes: 3 }));
    const rounded = odd.map((row) => {
      const half = new Uint16Array(row.features.length);
      float32ToFloat16(row.features, half);
      const features = new Float32Array(half.length);
      float16ToFloat32(half, features);
      return { ...row, features };
    });
    scope(() => {
      const ids = odd.map((row) => row.imageId);
      expect(plain(store.gather(ids, { labels: true }))).toEqual(expectedOf(rounded));
    });
  });

  it('gives the same batch from rows in memory', () => {
    const some = [rows[0]!, rows[5]!, rows[9]!];
    scope(() => expect(plain(batchFromRows(some, true))).toEqual(expectedOf(some)));
    expect(() => batchFromRows([makeRow(1), makeRow(2, { featureSize: 9 })])).toThrow(
      /image_2 cannot be used/,
    );
    expect(() => batchFromRows([])).toThrow(RangeError);
  });

  it('names what is missing, and a store that was closed', async () => {
    const store = FeatureStore.open(await storeOf(rows));
    expect((await errorOf(() => store.gather(['image_0', 'image_99']))).message).toContain(
      'no features for image image_99',
    );
    expect(() => store.gather([])).toThrow(RangeError);
    const batch = store.gather(['image_1']);
    store.dispose();
    expect((await errorOf(() => store.gather(['image_1']))).message).toBe('This feature store was closed.');
    // A batch outlives the mapping it was copied from.
    expect(plain(batch)).toEqual({ ...expectedOf([rows[1]!]), labels: null });
    batch.features.dispose();
    batch.boxes.dispose();
  });

  it('gives the real rows, boxes between 0 and 1', async () => {
    const source = publishedPath('features', 'train2014_obj36.tsv');
    const real = (await collect(readObj36(source))).map((located) => located.row);
    const target = path.join(folder, 'real');
    await convertToStore(source, target, { dtype: 'float32', shardImages: 2 });
    using store = FeatureStore.open(target);
    scope(() => {
      const batch = store.gather([...store.imageIds].reverse());
      expect(batch.features.shape).toEqual([3, 36, 2048]);
      expect(batch.mask).toBeNull();
      const values = batch.features.toFloat32Array();
      for (const [i, row] of [...real].reverse().entries())
        expect(
          Buffer.from(values.buffer, i * 36 * 2048 * 4, 36 * 2048 * 4).equals(
            Buffer.from(row.features.buffer),
          ),
        ).toBe(true);
      const boxes = batch.boxes.toFloat32Array();
      expect(Math.min(...boxes)).toBe(0);
      expect(Math.max(...boxes)).toBeGreaterThan(0.99);
      expect(Math.max(...boxes)).toBeLessThanOrEqual(1 + 1e-5);
    });
  });

  it('gives the same whether images were asked for before or not, in any order and number', async () => {
    const rows = makeRows(9);
    using store = FeatureStore.open(await storeOf(rows));
    using fresh = FeatureStore.open(await storeOf(rows));
    const wanted = ['image_7', 'image_0', 'image_7', 'image_3'];
    store.prefetch(['image_3', 'image_8', 'image_7']);
    store.prefetch(['image_7']);
    const batches = scope(() => [plain(store.gather(wanted)), plain(fresh.gather(wanted))]);
    expect(batches[0]).toEqual(batches[1]);
    expect(() => store.prefetch(['image_99'])).toThrow(/image_99/);
  });
});
