/** @file Ids by which questions know pictures, in place of bare numbers in files of features. */

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { convertToStore, type StoreConvertOptions } from '../../src/features/convertToStore.js';
import { type ImageIdMap, idsByPattern, idsFromQuestions } from '../../src/features/imageIdMap.js';
import { writeObj36 } from '../../src/features/obj36Writer.js';
import { openShards } from '../../src/features/storeFiles.js';
import { errorOf, makeRow, temporaryFolder } from './support.js';

const folder = temporaryFolder();
let numFiles = 0;

function questions(...items: object[]): string {
  const file = path.join(folder, `questions${numFiles++}.json`);
  writeFileSync(file, JSON.stringify(items));
  return file;
}

async function* rowsOf(ids: readonly string[]) {
  for (const [i, imageId] of ids.entries()) yield makeRow(i, { imageId });
}

/** A table of pictures of these ids, converted. */
async function convert(
  ids: readonly string[],
  imageIds: ImageIdMap,
  store = path.join(folder, `store${numFiles++}`),
  options: StoreConvertOptions = {},
) {
  const tsv = path.join(folder, `${numFiles++}.tsv`);
  await writeObj36(tsv, rowsOf(ids), '\n');
  const result = await convertToStore(tsv, store, { imageIds, shardImages: 2, ...options });
  return { store, result, ids: openShards(store).flatMap(({ metadata }) => metadata.imageIds) };
}

describe('ids by a pattern', () => {
  it.each([
    ['COCO_val2014_%012d', '262148', 'COCO_val2014_000000262148'],
    ['COCO_val2014_%012d', '000262148', 'COCO_val2014_000000262148'],
    ['n%d.x', '007', 'n7.x'],
    ['%03d', '12345', '12345'],
    ['COCO_val2014_%012d', 'COCO_val2014_000000262148', undefined],
  ])('%s of %s is %s', (pattern, given, expected) => {
    expect(idsByPattern(pattern).partnerOf(given)).toBe(expected);
  });

  it.each(['COCO', '%s', '%d%d', '%x'])('%s has no place for a number', async (pattern) => {
    expect(await errorOf(() => idsByPattern(pattern))).toMatchObject({ exitCode: 2 });
  });
});

describe('ids from lists of questions', () => {
  const train = questions(
    { img_id: 'COCO_train2014_000000000009' },
    { img_id: 'COCO_train2014_000000000009' },
  );
  const minival = questions({ img_id: 'COCO_val2014_000000262148' });

  it('are found by their last number in all of the lists', () => {
    const { partnerOf } = idsFromQuestions([train, minival]);
    expect(partnerOf('9')).toBe('COCO_train2014_000000000009');
    expect(partnerOf('262148')).toBe('COCO_val2014_000000262148');
    expect(partnerOf('COCO_val2014_000000262148')).toBe('COCO_val2014_000000262148');
    expect(partnerOf('262149')).toBeUndefined();
  });

  it('of NLVR2 are whole, since numbers do not tell its pictures apart', () => {
    const nlvr2 = questions({ img0: 'dev-850-0-img0', img1: 'dev-851-0-img0' });
    const { partnerOf } = idsFromQuestions([nlvr2]);
    expect(partnerOf('dev-851-0-img0')).toBe('dev-851-0-img0');
    expect(partnerOf('0')).toBeUndefined();
  });

  it('that two pictures share are an error', async () => {
    const other = questions({ img_id: 'COCO_val2014_000000000009' });
    const { message } = await errorOf(() => idsFromQuestions([train, other]));
    expect(message).toContain('COCO_train2014_000000000009 and COCO_val2014_000000000009');
  });

  it('of something else are refused', async () => {
    const { message, exitCode } = await errorOf(() => idsFromQuestions([questions({ image_id: 9 })]));
    expect(message).toContain('name their pictures by img_id');
    expect(exitCode).toBe(2);
    expect((await errorOf(() => idsFromQuestions([path.join(folder, 'none.json')]))).message).toContain(
      'There is no file',
    );
  });
});

describe('a conversion', () => {
  const map = idsFromQuestions([
    questions({ img_id: 'COCO_val2014_000000000005' }, { img_id: 'COCO_val2014_000000000007' }),
  ]);

  it('gives pictures these ids, and counts those without a partner', async () => {
    const { ids, result } = await convert(['5', '6', '7', '8'], map);
    expect(ids).toEqual(['COCO_val2014_000000000005', '6', 'COCO_val2014_000000000007', '8']);
    expect(result.ownIds).toEqual({ numImages: 2, first: '6' });
  });

  it('counts of the rows that it takes', async () => {
    const { result } = await convert(['6', '8', '9'], map, undefined, { maxImages: 2 });
    expect(result.ownIds).toEqual({ numImages: 2, first: '6' });
  });

  it('of two rows that become one picture is an error', async () => {
    const { message } = await errorOf(() => convert(['5', '005'], map));
    expect(message).toContain('COCO_val2014_000000000005 already has a row above');
  });

  it('goes on with the same ids only', async () => {
    const { store } = await convert(['5', '6', '7'], map);
    expect((await errorOf(() => convert(['5', '6', '7'], idsByPattern('%012d'), store))).message).toContain(
      'already holds shards of another conversion',
    );
  });
});
