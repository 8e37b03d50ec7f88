/** @file What is said of the stores that --features names before they are used. */

import path from 'node:path';
import { expect, it } from 'vitest';
import { checkStores } from '../../../src/cli/sharedOptions/modelOptions.js';
import { FeatureStore, FeatureStoreWriter, unknownProvenance } from '../../../src/features/index.js';
import { makeRow, temporaryFolder } from '../../features/support.js';

const folder = temporaryFolder();

async function storeOf(name: string, ids: readonly number[]): Promise<string> {
  const store = path.join(folder, name);
  const provenance = { ...unknownProvenance, detector: 'any' };
  const writer = await FeatureStoreWriter.create(store, {
    provenance,
    numBoxes: 4,
    dtype: 'float32',
    shardImages: 5,
  });
  for (const id of ids) await writer.add(makeRow(id));
  await writer.finish();
  return store;
}

it('images of several stores are counted, and whose features are used is said', async () => {
  const paths = [await storeOf('first', [1, 2, 3]), await storeOf('second', [3, 4, 2])];
  const said: string[] = [];
  using overlapping = FeatureStore.open(paths);
  checkStores(overlapping, false, (line) => said.push(line));
  expect(said.filter((line) => line.includes('more than one store'))).toEqual([
    '2 images of --features stand in more than one store; the features of the first that has them are used.',
  ]);
  using alone = FeatureStore.open(paths.slice(0, 1));
  const lines: string[] = [];
  checkStores(alone, false, (line) => lines.push(line));
  expect(lines.join()).not.toContain('more than one store');
});
