/** @file Pictures of one's own with the features of a store, as samples of a server whose model has no detector. */

import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { beforeAll, expect, it } from 'vitest';
import { FeatureStoreWriter, readRow, unknownProvenance } from '../../src/features/files.js';
import { MAX_OWN_SAMPLES, readOwnSamples } from '../../src/serve/ownSamples.js';
import { WorkerPool } from '../../src/serve/workers/workerPool.js';
import { loadPublishedNames } from '../../src/vision/detector/labelFiles.js';
import { makeRow, temporaryFolder } from '../features/support.js';
import { needing } from '../support/skips.js';
import { writeSmallRun } from '../support/tinyLxmert.js';
import { serverOn, workerProgram } from './support.js';

const root = temporaryFolder();
const at = (name: string): string => path.join(root, name);
const NUM_PICTURES = MAX_OWN_SAMPLES + 2;
const idOf = (number: number): string => `pic ${String(number).padStart(2, '0')}`;

async function writeStore(name: string, featureSize: number): Promise<string> {
  const writer = await FeatureStoreWriter.create(at(name), { provenance: unknownProvenance, numBoxes: 4 });
  // In another order than by name.
  for (let i = NUM_PICTURES - 1; i >= 0; i--) {
    await writer.add(makeRow(i, { imageId: idOf(i), width: 60, height: 40, featureSize }));
  }
  await writer.finish();
  return at(name);
}

const read = async (features = at('store'), images = at('pictures')) =>
  await readOwnSamples({ features, images, names: await loadPublishedNames() });

beforeAll(async () => {
  mkdirSync(at('pictures'));
  for (let i = 0; i <= NUM_PICTURES; i++) {
    const create = { width: 60, height: 40, channels: 3 as const, background: { r: 9 * i, g: 80, b: 40 } };
    await sharp({ create })
      .jpeg()
      .toFile(path.join(at('pictures'), `${idOf(i)}.jpg`));
  }
  await writeStore('store', 7);
});

it('takes the first by name that the store has, of the folder itself alone', async () => {
  const { samples, numFound, numPictures, features } = await read();
  expect([...samples.keys()]).toEqual(Array.from({ length: MAX_OWN_SAMPLES }, (_, i) => idOf(i)));
  expect([numFound, numPictures, features.featureSize]).toEqual([NUM_PICTURES, NUM_PICTURES + 1, 7]);
  mkdirSync(at('linked'));
  copyFileSync(path.join(at('pictures'), `${idOf(1)}.jpg`), path.join(at('linked'), `${idOf(1)}.jpg`));
  symlinkSync(path.join(at('pictures'), `${idOf(2)}.jpg`), path.join(at('linked'), `${idOf(2)}.jpg`));
  expect([...(await read(at('store'), at('linked'))).samples.keys()]).toEqual([idOf(1)]);
  mkdirSync(at('strange'));
  copyFileSync(path.join(at('pictures'), `${idOf(1)}.jpg`), path.join(at('strange'), 'other.jpg'));
  await expect(read(at('store'), at('strange'))).rejects.toThrow(/features of none of the pictures/);
});

it.each([
  ['vlt5_obj36.h5', 'hdf5', ['COCO_train2014_000000000009', 'COCO_train2014_000000132417']],
  ['milvlg', 'sources/fixtures', ['COCO_val2014_000000000042', 'COCO_val2014_000000000043']],
])('takes them from %s as it is, whose rows are found without reading all', async (name, folder, ids) => {
  const features = path.join('test/features', folder, name);
  mkdirSync(at(name));
  for (const id of ids)
    copyFileSync(path.join(at('pictures'), `${idOf(1)}.jpg`), path.join(at(name), `${id}.jpg`));
  const own = await read(features, at(name));
  expect([...own.samples.keys()]).toEqual(ids);
  const { row } = await readRow(features, ids[1] as string);
  expect([...own.known.values()].at(-1)?.row).toEqual(row);
});

it('says of a table how to make a store of it', async () => {
  writeFileSync(at('table.tsv'), `${Array.from({ length: 10 }, () => 'AA==').join('\t')}\n`);
  await expect(read(at('table.tsv'))).rejects.toThrow(
    `is a TSV file; make a store of it first: lxmert features convert ${at('table.tsv')} FOLDER`,
  );
});

needing('program').it('answers about them without a detector, and sends nothing else', async () => {
  await writeSmallRun(at('run'), { featureSize: 7 });
  const own = await read();
  const models = [{ name: 'run', source: { model: at('run') } }] as const;
  const setup = { models, features: own.features };
  const pool = await WorkerPool.start({ setup, numWorkers: 1, program: workerProgram });
  const { app } = await serverOn(pool, { samples: own.samples, known: own.known });
  try {
    const { samples } = (await app.inject('/v1/samples')).json();
    const known = { width: 60, height: 40, questions: [], objects: [] };
    expect(samples[1]).toEqual({ name: idOf(1), ...known, store: 'store' });
    const sent = await app.inject(`/v1/samples/${encodeURIComponent(idOf(1))}.png`);
    const file = await readFile(path.join(at('pictures'), `${idOf(1)}.jpg`));
    const ask = async (bytes: Buffer) =>
      await app.inject({
        method: 'POST',
        url: '/v1/answer',
        payload: { image: bytes.toString('base64'), questions: ['what color is the cat?'], regions: true },
      });
    const [ofCopy, ofFile] = [await ask(sent.rawPayload), await ask(file)];
    expect(ofCopy.statusCode).toBe(200);
    expect(ofCopy.json().results).toEqual(ofFile.json().results);
    const { boxes } = makeRow(1, { width: 60, height: 40, featureSize: 7 });
    const found = ofCopy.json().regions.flatMap(({ box }: { box: number[] }) => box);
    for (const [i, side] of found.entries()) expect(side).toBeCloseTo(boxes[i] as number, 3);
    const other = await sharp({ create: { width: 9, height: 9, channels: 3, background: '#000' } })
      .png()
      .toBuffer();
    expect((await ask(other)).statusCode).toBe(400);
    for (const name of [`${idOf(NUM_PICTURES)}.png`, '..%2Fpictures%2Fpic%2001.png', `${idOf(1)}.jpg`]) {
      const url = `/v1/samples/${name.replaceAll(' ', '%20')}`;
      expect((await app.inject(url)).statusCode, name).toBe(404);
    }
  } finally {
    await app.close();
    await pool.close();
  }
});

needing('program').it('refuses features of another size than the model reads', async () => {
  const { features } = await read(await writeStore('larger', 9));
  const models = [{ name: 'run', source: { model: at('run') } }] as const;
  const start = WorkerPool.start({ setup: { models, features }, numWorkers: 1, program: workerProgram });
  await expect(start).rejects.toThrow(/9/);
});
