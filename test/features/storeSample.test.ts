/** @file Stores with numbers that cannot be features or boxes: found when they are opened, by info and by verify. */

import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { FeatureRow } from '../../src/features/row.js';
import { StoreIndex } from '../../src/features/storeIndex.js';
import { formatStoreInfo, storeInfo } from '../../src/features/storeInfo.js';
import { FeatureStoreWriter } from '../../src/features/storeWriter.js';
import { unknownProvenance } from '../../src/features/unknownProvenance.js';
import { formatVerifyResult, verifyStore } from '../../src/features/verifyStore.js';
import { requireLabels } from '../../src/tasks/pretraining/index.js';
import { errorOf, makeRow, makeRows, temporaryFolder } from './support.js';

const folder = temporaryFolder();
let numStores = 0;

async function storeOf(rows: readonly FeatureRow[], settings: Record<string, string> = {}): Promise<string> {
  const store = path.join(folder, `store${numStores++}`);
  const writer = await FeatureStoreWriter.create(store, {
    provenance: { ...unknownProvenance, settings },
    numBoxes: 4,
    dtype: 'float32',
    shardImages: 5,
  });
  for (const row of rows) await writer.add(row);
  await writer.finish();
  return store;
}

/** Bits of float64 numbers taken for float32, as an earlier version stored them. */
const garbled = (row: FeatureRow): FeatureRow => ({
  ...row,
  features: new Float32Array(Float64Array.from(row.features).buffer),
});
const shares = (row: FeatureRow): FeatureRow => ({
  ...row,
  // By hand past the writer's own check: the store says pictures of one pixel, then other sizes are put in their place.
  boxes: row.boxes.map((value, i) => value / (i % 2 === 0 ? row.width : row.height)),
});

describe('a store of garbage', () => {
  it('is found when it is opened, by info and by verify', async () => {
    const rows = Array.from({ length: 12 }, (_, i) => makeRow(i, { featureSize: 64 }));
    const store = await storeOf(rows.map(garbled));
    const opening = await errorOf(() => new StoreIndex([store]));
    expect(opening.message).toContain(
      `The feature store ${store} cannot be used: image image_0: features hold values from`,
    );
    expect(opening.message).toContain(`lxmert features verify ${store}`);
    expect(formatStoreInfo(storeInfo(store))).toContain('Something is wrong: image image_0: features hold');
    const { numProblems, problems } = await verifyStore(store);
    expect(numProblems).toBe(12);
    expect(problems[0]?.message).toContain('numbers of another type (float16, float64)');
  });

  it('opens with values of another detector, and states the range of a stranger one', async () => {
    const shifted = (by: number) =>
      makeRows(12).map((row) => ({ ...row, features: row.features.map((value) => value - by) }));
    const signed = await storeOf(shifted(5));
    expect(new StoreIndex([signed]).numImages).toBe(12);
    expect(formatVerifyResult(await verifyStore(signed))).toMatch(
      /features -5 to .*LXMERT's detector gives 0/,
    );
    const far = await storeOf(shifted(5e3));
    expect((await errorOf(() => new StoreIndex([far]))).message).toContain('-5000');
    const stated = await storeOf(shifted(5e3), { featureRange: '-6000,40' });
    expect(new StoreIndex([stated]).numImages).toBe(12);
    expect((await verifyStore(stated)).numProblems).toBe(0);
  });

  it('refuses shares of the picture as boxes, wherever they come from', async () => {
    const error = await errorOf(() => storeOf(makeRows(3).map(shares)));
    expect(error.message).toContain('they look like shares of its sides, where pixels are expected');
    const ofOnePixel = makeRows(3).map((row) => ({ ...shares(row), width: 1, height: 1 }));
    const store = await storeOf(ofOnePixel);
    expect((await verifyStore(store)).numProblems).toBe(0);
  });

  it('says that boxes reach no further than the middle of any picture', async () => {
    const rows = Array.from({ length: 16 }, (_, i) => {
      const row = makeRow(i, { width: 400, height: 400 });
      return { ...row, boxes: row.boxes.map((value) => value / 3) };
    });
    const { problems } = await verifyStore(await storeOf(rows));
    expect(problems.map(({ message }) => message)).toEqual([expect.stringContaining('in another unit')]);
  });
});

describe('features without labels', () => {
  const weights = { words: 1, matching: 1, objects: 1, attributes: 1, features: 1, answers: 1 };
  const featuresOf = (labels: string) =>
    ({ origins: [{ path: 'store', provenance: { ...unknownProvenance, settings: { labels } } }] }) as never;

  it('are refused by the losses that need them, and by no other', async () => {
    const none = await errorOf(() => requireLabels(featuresOf('none'), { weights }));
    expect(none.message).toContain('have no object and attribute labels');
    expect(none.message).toContain('--obj-weight 0 --attr-weight 0');
    const objects = await errorOf(() => requireLabels(featuresOf('objects'), { weights }));
    expect(objects.message).toContain('have no attribute labels');
    requireLabels(featuresOf('none'), { weights: { ...weights, objects: 0, attributes: 0 } });
    requireLabels(featuresOf('all'), { weights });
  });
});
