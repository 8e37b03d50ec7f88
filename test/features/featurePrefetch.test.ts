/** @file Batches that are brought together in the background against the same batches gathered at once. */

import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { FeatureStore, FeatureStoreWriter, unknownProvenance } from '../../src/features/index.js';
import type { FeatureRow } from '../../src/features/row.js';
import { liveTensors, scope } from '../../src/torch/index.js';
import { makeRow, temporaryFolder } from './support.js';

const folder = temporaryFolder();

async function storeOf(name: string, rows: readonly FeatureRow[]): Promise<string> {
  const store = path.join(folder, name);
  const writer = await FeatureStoreWriter.create(store, {
    provenance: unknownProvenance,
    numBoxes: 4,
    dtype: 'float16',
    shardImages: 3,
  });
  for (const row of rows) await writer.add(row);
  await writer.finish();
  return store;
}

const full = Array.from({ length: 8 }, (_, i) => makeRow(i, { imageId: `image${i}` }));

describe('prefetched features', () => {
  const gathered = (store: FeatureStore, ids: readonly string[]): Float32Array =>
    scope(() => store.gather(ids, { dtype: 'stored' }).features.toFloat32Array());

  it('are those of the images in their order, over several shards', async () => {
    using store = FeatureStore.open(await storeOf('full', full));
    const ids = ['image7', 'image0', 'image4', 'image4', 'image2'];
    const expected = gathered(store, ids);
    store.prefetchBatch(ids);
    const prefetched = scope(() => {
      const { features, boxes } = store.gather(ids, { dtype: 'stored' });
      expect([features.dtype, features.shape.slice(0, 2), boxes.shape]).toEqual([
        'float16',
        [5, 4],
        [5, 4, 4],
      ]);
      return features.toFloat32Array();
    });
    expect(prefetched).toEqual(expected);
    // Asked for once more they are gathered anew.
    expect(gathered(store, ids)).toEqual(expected);
  });

  it('are not taken for others, and go when nobody takes them', async () => {
    using store = FeatureStore.open(await storeOf('others', full));
    // Shards are mapped when they are first touched.
    gathered(store, [...store.imageIds]);
    const expected = gathered(store, ['image1']);
    const before = liveTensors();
    store.prefetchBatch(['image2']);
    expect(gathered(store, ['image1'])).toEqual(expected);
    store.prefetchBatch(['image3']);
    expect(liveTensors()).toBe(before + 1);
    // Another format than the stored one is converted, from the store.
    expect(scope(() => store.gather(['image3']).features.dtype)).toBe('float32');
  });

  it('of images with fewer regions are left to the gathering', async () => {
    using store = FeatureStore.open(
      await storeOf('uneven', [...full.slice(0, 2), makeRow(9, { imageId: 'small', numBoxes: 2 })]),
    );
    const ids = ['image1', 'small'];
    const expected = gathered(store, ids);
    const before = liveTensors();
    store.prefetchBatch(ids);
    expect(liveTensors()).toBe(before);
    expect(gathered(store, ids)).toEqual(expected);
    expect(() => store.prefetchBatch(['nobody'])).toThrow('nobody');
  });
});
