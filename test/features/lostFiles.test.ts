/** @file Stores whose files are cut short or taken away while they are in use. */

import { existsSync, readdirSync, renameSync, statSync, truncateSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { LxmertError } from '../../src/common/errors.js';
import { FeatureStoreWriter } from '../../src/features/storeWriter.js';
import { unknownProvenance } from '../../src/features/unknownProvenance.js';
import { addonPath } from '../../src/torch/native.js';
import { needing } from '../support/skips.js';
import { errorOf, makeRows, temporaryFolder } from './support.js';

const folder = temporaryFolder();
const hasBridge = existsSync(addonPath());

/** Two shards of 40 images, each of many pages. */
async function makeStore(name: string): Promise<{ store: string; shards: string[] }> {
  const store = path.join(folder, name);
  const writer = await FeatureStoreWriter.create(store, {
    provenance: unknownProvenance,
    numBoxes: 4,
    dtype: 'float32',
    shardImages: 40,
  });
  for (const row of makeRows(80, { featureSize: 1024 })) await writer.add(row);
  await writer.finish();
  const shards = readdirSync(store)
    .filter((file) => file.endsWith('.safetensors'))
    .sort()
    .map((file) => path.join(store, file));
  return { store, shards };
}

needing('bridge').describe('a shard in use', async () => {
  const { FeatureStore, scope } = hasBridge
    ? {
        ...(await import('../../src/features/index.js')),
        ...(await import('../../src/torch/index.js')),
      }
    : ({} as never);

  it('that is cut short ends in a sentence with its name, not in a dead process', async () => {
    const { store, shards } = await makeStore('cut');
    using open = FeatureStore.open(store);
    const first = scope(() => open.gather(['image_0']).features.toFloat32Array());
    truncateSync(shards[0] as string, Math.floor(statSync(shards[0] as string).size / 2));
    const ids = Array.from({ length: 40 }, (_, i) => `image_${i}`);
    const error = await errorOf(() => scope(() => void open.gather(ids)));
    expect(error).toBeInstanceOf(LxmertError);
    expect(error.message).toContain(`${shards[0]} can no longer be read: it was cut short`);
    // The other shard is whole, and the loss was told.
    const other = scope(() => open.gather(['image_41']).features.toFloat32Array());
    expect(other).not.toEqual(first);
    expect(other.some((value) => value !== 0)).toBe(true);
  });

  it('that is emptied altogether does so too', async () => {
    const { store, shards } = await makeStore('empty');
    using open = FeatureStore.open(store);
    scope(() => void open.gather(['image_0']));
    truncateSync(shards[0] as string, 0);
    const error = await errorOf(() => scope(() => void open.gather(['image_3', 'image_30'])));
    expect(error.message).toContain('can no longer be read');
  });

  it('that is gone before it is first touched is named', async () => {
    const { store, shards } = await makeStore('gone');
    using open = FeatureStore.open(store);
    renameSync(shards[1] as string, `${shards[1]}.away`);
    scope(() => void open.gather(['image_0']));
    const error = await errorOf(() => scope(() => void open.gather(['image_41'])));
    expect(error).toBeInstanceOf(LxmertError);
    expect(error.message).toContain(`The feature shard ${shards[1]} was there when its store was opened`);
  });

  it('that is removed while it is mapped stays readable', async () => {
    const { store, shards } = await makeStore('removed');
    using open = FeatureStore.open(store);
    const before = scope(() => open.gather(['image_0', 'image_39']).features.toFloat32Array());
    renameSync(shards[0] as string, `${shards[0]}.away`);
    expect(scope(() => open.gather(['image_0', 'image_39']).features.toFloat32Array())).toEqual(before);
  });
});
