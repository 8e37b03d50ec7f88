/** @file Pictures of tables as files: under which ids, what is left alone, and what is refused. */

import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { exportPictures } from '../../src/data/pictures/exportPictures.js';
import { pictureColumns } from '../../src/data/pictures/pictureColumns.js';
import { namesIn, temporaryFolder } from './prepare/support.js';

const tables = path.join(import.meta.dirname, '../formats/parquet/tables');
const SHARDS = [0, 1].map((i) => path.join(tables, `vqa/data/validation-0000${i}-of-00002.parquet`));
const NLVR2 = path.join(tables, 'nlvr2/data/balanced_dev-00000-of-00001-54ed883ce96f619e.parquet');
const root = temporaryFolder();
let numFolders = 0;
const newFolder = (): string => path.join(root, `made${numFolders++}`);

describe('pictures of tables', () => {
  it('are written once each under the ids of their questions, with the ending of what they are', async () => {
    const folder = newFolder();
    const steps: (readonly [number, number])[] = [];
    const result = await exportPictures({
      tables: SHARDS,
      folder,
      progress: { update: (done, total) => void steps.push([done, total]) },
    });
    expect(namesIn(folder)).toEqual([
      'COCO_val2014_000000000042.png',
      'COCO_val2014_000000262148.png',
      'COCO_val2014_000000393225.png',
      'COCO_val2014_000000393230.png',
    ]);
    expect(result).toMatchObject({ numWritten: 4, numThere: 0, numRepeated: 1, problems: [] });
    expect(steps).toEqual([
      [2, 5],
      [3, 5],
      [5, 5],
    ]);
    // The whole picture, as the table has it.
    const picture = readFileSync(path.join(folder, 'COCO_val2014_000000393225.png'));
    const table = readFileSync(SHARDS[0]!);
    expect(table.includes(picture)).toBe(true);
    expect(picture.subarray(-8).toString('latin1')).toMatch(/^IEND/);
  });

  it('that are there are left alone, and one that is missing again is written', async () => {
    const folder = newFolder();
    await exportPictures({ tables: SHARDS, folder });
    execFileSync('rm', [path.join(folder, 'COCO_val2014_000000000042.png')]);
    expect(await exportPictures({ tables: SHARDS, folder })).toMatchObject({ numWritten: 1, numThere: 3 });
    expect(await exportPictures({ tables: SHARDS, folder })).toMatchObject({ numWritten: 0, numThere: 4 });
  });

  it('do not take the place of others under their names, but for empty files', async () => {
    const folder = newFolder();
    await exportPictures({ tables: SHARDS, folder });
    const own = path.join(folder, 'COCO_val2014_000000262148.png');
    writeFileSync(own, 'my own picture');
    const empty = path.join(folder, 'COCO_val2014_000000393225.png');
    writeFileSync(empty, '');
    expect(await exportPictures({ tables: SHARDS, folder })).toMatchObject({ numWritten: 1, numThere: 3 });
    expect(readFileSync(own, 'utf8')).toBe('my own picture');
    expect(readFileSync(empty).length).toBeGreaterThan(0);
  });

  it('are two a row in NLVR2, each pair once', async () => {
    const folder = newFolder();
    const result = await exportPictures({ tables: [NLVR2], folder });
    expect(namesIn(folder)).toEqual([
      'dev-4-1-img0.png',
      'dev-4-1-img1.png',
      'dev-850-0-img0.png',
      'dev-850-0-img1.png',
    ]);
    expect(result).toMatchObject({ numWritten: 4, numRepeated: 2 });
  });

  it("of GQA have the ids of its images' table", async () => {
    const folder = newFolder();
    const images = path.join(tables, 'gqa/testdev_balanced_images/testdev-00000-of-00001.parquet');
    await exportPictures({ tables: [images], folder });
    expect(namesIn(folder)).toEqual(['n161313.png']);
  });

  it('that are none, or would lie elsewhere, are listed and not written', async () => {
    const folder = newFolder();
    const hostile = path.join(root, 'hostile-00000-of-00001.parquet');
    const bytes = readFileSync(
      path.join(tables, 'gqa/testdev_balanced_images/testdev-00000-of-00001.parquet'),
    );
    // The same length: pages state theirs.
    const at = bytes.indexOf('n161313');
    bytes.write('../../x', at);
    writeFileSync(hostile, bytes);
    const result = await exportPictures({ tables: [hostile], folder });
    expect(result.problems).toEqual([
      `${hostile}, row 1: '../../x' cannot be the name of a file; letters, digits, _ and - can.`,
    ]);
    expect(namesIn(folder)).toEqual([]);
    const damaged = path.join(root, 'validation-00000-of-00001.parquet');
    const shard = readFileSync(SHARDS[1]!);
    for (let i = shard.indexOf('PNG'); i >= 0; i = shard.indexOf('PNG', i + 1)) shard.write('XXX', i);
    writeFileSync(damaged, shard);
    const { problems } = await exportPictures({ tables: [damaged], folder });
    expect(problems[0]).toMatch(/the picture of COCO_val2014_000000393230 is a binary file of no known kind/);
    expect(namesIn(folder)).toEqual([]);
  });

  it('of a table whose name does not tell the split are named once it is said', async () => {
    const odd = path.join(root, 'odd.parquet');
    copyFileSync(SHARDS[1]!, odd);
    await expect(exportPictures({ tables: [odd], folder: newFolder() })).rejects.toThrow(
      /Say it: --as val2014/,
    );
    const folder = newFolder();
    await exportPictures({ tables: [odd], folder, half: 'train2014' });
    expect(namesIn(folder)[0]).toBe('COCO_train2014_000000000042.png');
  });
});

it('tables without pictures are refused with their columns', () => {
  const columns = [{ name: 'question', hasBytes: false }];
  expect(() => pictureColumns('a.parquet', columns, undefined)).toThrow(
    'a.parquet has no column of pictures; it has question.',
  );
  const unknown = [
    { name: 'one', hasBytes: true },
    { name: 'two', hasBytes: true },
  ];
  expect(() => pictureColumns('a.parquet', unknown, undefined)).toThrow(/which pictures are meant/);
});

it('a picture whose half of COCO nothing tells has no id, where it had one of no picture', () => {
  const columns = [
    ...['image_id', 'question_id', 'coco_split'].map((name) => ({ name, hasBytes: false })),
    { name: 'image', hasBytes: true },
  ];
  const idOf = (half: string | undefined, coco_split: unknown) =>
    pictureColumns('any.parquet', columns, half).pictures[0]?.idOf({ image_id: 42, coco_split } as never);
  expect(idOf(undefined, 'val2014')).toBe('COCO_val2014_000000000042');
  for (const nothing of [null, '']) {
    expect(idOf(undefined, nothing)).toBeUndefined();
    expect(idOf('train2014', nothing)).toBe('COCO_train2014_000000000042');
  }
});
