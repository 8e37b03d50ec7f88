/** @file TSV to store and back: equal values, interruption at any moment, refusals. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { convertToStore, type StoreConvertOptions } from '../../src/features/convertToStore.js';
import { convertToTsv } from '../../src/features/convertToTsv.js';
import { formatObj36Row, writeObj36 } from '../../src/features/obj36Writer.js';
import { readShardRows } from '../../src/features/shardRows.js';
import { openShards } from '../../src/features/storeFiles.js';
import { unknownProvenance } from '../../src/features/unknownProvenance.js';
import { verifyStore } from '../../src/features/verifyStore.js';
import { goldenPath } from '../support/golden.js';
import { publishedPath } from '../support/published.js';
import { compileFeatures } from './compiled.js';
import { collect, errorOf, makeRow, makeRows, temporaryFolder } from './support.js';

const folder = temporaryFolder();
const realFile = publishedPath('features', 'train2014_obj36.tsv');
const toyFile = goldenPath('toy', 'toy_obj36.tsv');
let numPaths = 0;
const newPath = () => path.join(folder, `out${numPaths++}`);

/** File names and contents of a store. */
function contentOf(store: string): Map<string, string> {
  const names = readdirSync(store).sort();
  return new Map(names.map((name) => [name, readFileSync(path.join(store, name)).toString('base64')]));
}

describe('rows', () => {
  it.each([
    ['real rows', realFile],
    ['the toy rows', toyFile],
  ])('%s go to a float32 store and back byte for byte', async (_, source) => {
    const [store, back] = [newPath(), newPath()];
    await convertToStore(source, store, { dtype: 'float32', shardImages: 2 });
    const numRows = await convertToTsv(store, back);
    expect(numRows).toBe(source === realFile ? 3 : 4);
    expect(readFileSync(back).equals(readFileSync(source))).toBe(true);
    expect((await verifyStore(store)).problems).toEqual([]);
  });

  it('differ in float16 by rounding only', async () => {
    const [half, full] = [newPath(), newPath()];
    await convertToStore(realFile, half);
    await convertToStore(realFile, full, { dtype: 'float32' });
    const [rounded, exact] = [
      await collect(readShardRows(openShards(half))),
      await collect(readShardRows(openShards(full))),
    ];
    let worst = 0;
    for (const [i, row] of exact.entries()) {
      const other = rounded[i]!;
      expect({ ...other, features: null }).toEqual({ ...row, features: null });
      for (const [k, value] of row.features.entries()) {
        // Half a step: relative 2^-11 for normal numbers, 2^-25 for the smallest.
        const bound = Math.max(Math.abs(value) * 2 ** -11, 2 ** -25);
        worst = Math.max(worst, Math.abs((other.features[k] as number) - value) / bound);
      }
    }
    expect(worst).toBeLessThanOrEqual(1);
    expect(worst).toBeGreaterThan(0.9);
    expect((await verifyStore(half)).problems).toEqual([]);
  });
});

describe('conversion', () => {
  const rows = makeRows(23).map((row, i) => (i % 5 === 2 ? makeRow(i, { numBoxes: 1 + (i % 3) }) : row));
  const source = path.join(folder, 'source.tsv');
  beforeAll(async () => {
    await writeObj36(source, rows);
  });

  it('keeps every value of rows with fewer boxes than others, in order, over shards', async () => {
    const store = newPath();
    const result = await convertToStore(source, store, { dtype: 'float32', shardImages: 5 });
    expect(result).toMatchObject({ numImages: 23, numShards: 5, numResumed: 0, alreadyComplete: false });
    const shards = openShards(store);
    expect(shards.map((shard) => shard.numImages)).toEqual([5, 5, 5, 5, 3]);
    expect(shards[0]?.layout).toEqual({ numBoxes: 4, featureSize: 6, dtype: 'float32' });
    expect(await collect(readShardRows(shards))).toEqual(rows);
  });

  it('does nothing when the store is whole', async () => {
    const store = newPath();
    await convertToStore(source, store, { shardImages: 10 });
    const before = contentOf(store);
    const again = await convertToStore(source, store, { shardImages: 10 });
    expect(again).toMatchObject({ numImages: 23, numResumed: 23, alreadyComplete: true });
    expect(contentOf(store)).toEqual(before);
  });

  it('records where the features come from', async () => {
    const store = newPath();
    const provenance = { ...unknownProvenance, detector: 'a detector', settings: { boxes: 36 } };
    await convertToStore(source, store, { provenance });
    const found = openShards(store)[0]?.metadata;
    expect(found?.provenance).toEqual({ ...provenance, source: 'source.tsv' });
    expect(found?.conversion).toMatchObject({ fromByte: 0, fromLine: 1, toLine: 23, lineEnding: '\r\n' });
  });

  it('stops after the images asked for', async () => {
    const store = newPath();
    expect(await convertToStore(source, store, { maxImages: 7, shardImages: 7 })).toMatchObject({
      numImages: 7,
      numShards: 1,
    });
    expect((await errorOf(() => convertToStore(source, store, { maxImages: 0 }))).exitCode).toBe(2);
  });

  it('reports progress that ends at the number of images', async () => {
    const many = path.join(folder, 'many.tsv');
    await writeObj36(many, makeRows(100));
    const seen: [number, number][] = [];
    await convertToStore(many, newPath(), {
      progress: { update: (done, total) => seen.push([done, total]) },
    });
    expect(seen.map(([done]) => done)).toEqual([32, 64, 96, 100]);
    expect(seen.at(-1)).toEqual([100, 100]);
    // The rows are equally long up to the digits of their ids.
    for (const [, total] of seen) expect(Math.abs(total - 100)).toBeLessThanOrEqual(2);
  });

  it('names line and image of a value that float16 cannot hold', async () => {
    const large = makeRow(1, { imageId: 'bright' });
    large.features[7] = 70_000;
    const file = path.join(folder, 'large.tsv');
    await writeObj36(file, [makeRow(2), large]);
    const store = newPath();
    const featureRange = { low: 0, high: 1e6 };
    const error = await errorOf(() => convertToStore(file, store, { featureRange }));
    expect(error.message).toContain(
      `${file}, line 2: The features of image bright cannot be stored as float16`,
    );
    expect(error.message).toContain(
      'value 70000 of box 1 is beyond 65504. If the detector does give such values: --dtype float32',
    );
    expect(readdirSync(store)).toEqual([]);
    await convertToStore(file, store, { dtype: 'float32', featureRange });
    expect(await collect(readShardRows(openShards(store)))).toEqual([makeRow(2), large]);
  });

  it('names line and image of a row that does not fit the others', async () => {
    for (const [odd, problem] of [
      [
        makeRow(9, { featureSize: 7 }),
        " (image image_9): features take 28 bytes for each box, and those of the file's first rows 24",
      ],
      [
        makeRow(9, { numBoxes: 5 }),
        ': The features of image image_9 cannot be stored: it has 5 boxes and the store has room for 4',
      ],
    ] as const) {
      const file = path.join(folder, 'odd.tsv');
      await writeObj36(file, [...makeRows(3), odd]);
      const error = await errorOf(() => convertToStore(file, newPath(), { numBoxes: 4 }));
      expect(error.message).toContain(`${file}, line 4${problem}`);
    }
  });

  it('refuses a second row of an image unless told to keep the first', async () => {
    const file = path.join(folder, 'twice.tsv');
    const second = makeRow(77, { imageId: 'image_1' });
    await writeObj36(file, [...makeRows(3), second, makeRow(5)]);
    const error = await errorOf(() => convertToStore(file, newPath(), { shardImages: 2 }));
    expect(error.message).toContain(`${file}, line 4: image image_1 already has a row above.`);
    const store = newPath();
    const result = await convertToStore(file, store, {
      duplicates: 'first',
      dtype: 'float32',
      shardImages: 2,
    });
    expect(result).toMatchObject({ numImages: 4, numDuplicates: 1 });
    expect(await collect(readShardRows(openShards(store)))).toEqual([...makeRows(3), makeRow(5)]);
  });

  it('starts a new shard when long ids fill the header', async () => {
    const file = path.join(folder, 'long.tsv');
    const long = makeRows(60).map((row) => ({ ...row, imageId: `"${row.imageId}"`.padEnd(1000, '\\') }));
    await writeObj36(file, long);
    const store = newPath();
    const { numShards } = await convertToStore(file, store, { dtype: 'float32', shardImages: 40 });
    expect(numShards).toBeGreaterThan(2);
    expect(await collect(readShardRows(openShards(store)))).toEqual(long);
  });

  it.each([
    ['source.tsv that is not there', () => path.join(folder, 'nothing.tsv'), /There is no file/, 2],
    ['a folder', () => folder, /is not a file; expected an obj36 TSV file/, 2],
    ['an empty file', () => emptyFile(), /holds no rows/, 1],
  ])('refuses %s', async (_, file, message, exitCode) => {
    const error = await errorOf(() => convertToStore(file(), newPath()));
    expect(error.message).toMatch(message);
    expect(error.exitCode).toBe(exitCode);
  });

  it('refuses a file in the place of the folder', async () => {
    const error = await errorOf(() => convertToStore(source, source));
    expect(error.message).toContain('is a file; a feature store is a folder');
  });

  function emptyFile(): string {
    const file = path.join(folder, 'empty.tsv');
    writeFileSync(file, '');
    return file;
  }
});

describe('an interrupted conversion', () => {
  const source = path.join(folder, 'interrupted.tsv');
  const options: StoreConvertOptions = { shardImages: 8 };
  let whole: Map<string, string>;
  beforeAll(async () => {
    await writeObj36(source, makeRows(60, { featureSize: 64 }));
    const store = newPath();
    await convertToStore(source, store, options);
    whole = contentOf(store);
  });

  /** A store in which only the first `count` shards were finished, and the next was being written. */
  async function unfinished(count: number): Promise<string> {
    const store = newPath();
    await convertToStore(source, store, options);
    for (const name of [...whole.keys()].slice(count)) rmSync(path.join(store, name));
    writeFileSync(path.join(store, `.shard-0000${count}.safetensors.0123456789ab.partial`), 'half a shard');
    return store;
  }

  it.each([0, 1, 5, 7])('goes on after %i shards to the same bytes', async (count) => {
    const store = await unfinished(count);
    const result = await convertToStore(source, store, options);
    expect(result).toMatchObject({
      numImages: 60,
      numShards: 8,
      numResumed: count * 8,
      alreadyComplete: false,
    });
    expect(contentOf(store)).toEqual(whole);
  });

  it('does not open before it is finished, and says what to do', async () => {
    const store = await unfinished(3);
    const error = await errorOf(() => openShards(store));
    expect(error.message).toContain('is not whole: its last shard is missing');
    expect(error.message).toContain('run the same command again');
  });

  it('rebuilds a shard that was lost in the middle', async () => {
    const store = newPath();
    await convertToStore(source, store, options);
    rmSync(path.join(store, 'shard-00004.safetensors'));
    expect((await errorOf(() => openShards(store))).message).toContain('shard-00004.safetensors is missing');
    expect(await convertToStore(source, store, options)).toMatchObject({ numResumed: 32, numImages: 60 });
    expect(contentOf(store)).toEqual(whole);
  });

  it('stops at a signal, keeping whole shards', async () => {
    const controller = new AbortController();
    const store = newPath();
    const result = await convertToStore(source, store, {
      ...options,
      signal: controller.signal,
      progress: { update: () => controller.abort() },
    });
    expect(result).toMatchObject({ interrupted: true, numShards: 3, numImages: 24 });
    expect(readdirSync(store)).toHaveLength(3);
    await convertToStore(source, store, options);
    expect(contentOf(store)).toEqual(whole);
  });

  it('refuses to go on with other settings or another source', async () => {
    const store = await unfinished(3);
    const cases: [string, StoreConvertOptions, string][] = [
      [source, { ...options, dtype: 'float32' }, 'float16 features, and float32 was asked for'],
      [source, { shardImages: 9 }, 'made with shardImages 8, and now it is 9'],
      [source, { ...options, maxImages: 9 }, 'made with maxImages null, and now it is 9'],
      [
        source,
        { ...options, provenance: { ...unknownProvenance, detector: 'x' } },
        'another source or detector',
      ],
    ];
    const longer = path.join(folder, 'longer', 'interrupted.tsv');
    mkdirSync(path.dirname(longer));
    copyFileSync(source, longer);
    writeFileSync(longer, '\n', { flag: 'a' });
    cases.push([longer, options, 'made with sourceBytes']);
    const other = path.join(folder, 'other', 'interrupted.tsv');
    await writeObj36(other, makeRows(60, { featureSize: 64 }).reverse());
    cases.push([other, options, 'is not the file that']);
    for (const [file, changed, message] of cases) {
      const error = await errorOf(() => convertToStore(file, store, changed));
      expect(error.message).toContain(message);
      expect(error.exitCode).toBe(2);
    }
    expect(readdirSync(store).filter((name) => name.startsWith('shard'))).toHaveLength(3);
  });

  it('leaves whole shards only when the process is killed, and goes on from them', async () => {
    const large = path.join(folder, 'large-source.tsv');
    await writeObj36(large, makeRows(400, { numBoxes: 36, featureSize: 256 }));
    const script = path.join(folder, 'child.mjs');
    const compiled = compileFeatures(temporaryFolder());
    writeFileSync(
      script,
      `import { convertToStore } from ${JSON.stringify(path.join(compiled, 'convertToStore.js'))};
       await convertToStore(process.argv[2], process.argv[3], { shardImages: 8 });`,
    );
    const expected = newPath();
    await convertToStore(large, expected, { shardImages: 8 });
    const store = newPath();
    let numKills = 0;
    let numSeen = 0;
    // Each child is killed as soon as it has finished two or three more shards; another goes on.
    for (let round = 0; round < 4; round++) {
      const child = spawn(process.execPath, [script, large, store], { stdio: 'inherit' });
      const ended = once(child, 'exit');
      if (await waitForShards(child, store, numSeen + 2 + (round % 2))) {
        child.kill('SIGKILL');
        numKills++;
      }
      await ended;
      const shards = readdirSync(store).filter((name) => name.startsWith('shard'));
      expect(shards.length).toBeGreaterThan(numSeen);
      for (const name of shards)
        expect(readFileSync(path.join(store, name)).equals(readFileSync(path.join(expected, name)))).toBe(
          true,
        );
      numSeen = shards.length;
    }
    expect(numKills).toBe(4);
    expect(numSeen).toBeLessThan(50);
    const result = await convertToStore(large, store, { shardImages: 8 });
    expect(result).toMatchObject({ numImages: 400, numResumed: numSeen * 8 });
    expect(contentOf(store)).toEqual(contentOf(expected));
  });

  async function waitForShards(child: ChildProcess, store: string, count: number): Promise<boolean> {
    while (child.exitCode === null) {
      const names = existsSync(store) ? readdirSync(store) : [];
      if (names.filter((name) => name.startsWith('shard')).length >= count) return true;
      await sleep(1);
    }
    return false;
  }
});

describe('store to TSV', () => {
  it('writes the line end asked for', async () => {
    const file = path.join(folder, 'feeds.tsv');
    const store = newPath();
    await writeObj36(file, makeRows(2), '\n');
    await convertToStore(file, store, { dtype: 'float32' });
    const back = newPath();
    await convertToTsv(store, back);
    expect(readFileSync(back).equals(readFileSync(file))).toBe(true);
    const other = newPath();
    await convertToTsv(store, other, { lineEnding: '\r\n' });
    expect(readFileSync(other, 'utf8')).toBe(
      makeRows(2)
        .map((row) => formatObj36Row(row).toString())
        .join(''),
    );
  });

  it('keeps a file that is there, and leaves none when it is stopped', async () => {
    const [store, source] = [newPath(), newPath()];
    await writeObj36(source, makeRows(2));
    await convertToStore(source, store);
    const error = await errorOf(() => convertToTsv(store, source));
    expect(error.message).toBe(`${source} already exists. Choose another name.`);
    const target = newPath();
    await errorOf(() => convertToTsv(store, target, { signal: AbortSignal.abort() }));
    expect(readdirSync(folder).filter((name) => name.includes(path.basename(target)))).toEqual([]);
  });
});
