/** @file Conversions that leave broken rows out: which, how they are listed, and that an interruption changes nothing. */

import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { BROKEN_ROWS_FILE } from '../../src/features/brokenRows.js';
import { convertToStore } from '../../src/features/convertToStore.js';
import { formatObj36Row } from '../../src/features/obj36Writer.js';
import { openShards } from '../../src/features/storeFiles.js';
import { verifyStore } from '../../src/features/verifyStore.js';
import { errorOf, makeRow, makeRows, temporaryFolder } from './support.js';

const folder = temporaryFolder();
let numPaths = 0;
const newPath = () => path.join(folder, `out${numPaths++}`);

const lines = makeRows(40).map((row) => formatObj36Row(row, '\n').toString());
/** A row that is cut in its last field, two that ran together, and one without boxes. */
const cut = (line: string) => `${line.slice(0, -10)}\n`;
const glued = (a: string, b: string) => `${a.slice(0, -30)}${b}`;
const withoutBoxes = (line: string) => line.split('\t').with(7, '0').join('\t');

function fileOf(text: string): string {
  const file = newPath();
  writeFileSync(file, text);
  return file;
}

const contentOf = (store: string) =>
  Object.fromEntries(
    readdirSync(store).map((name) => [name, readFileSync(path.join(store, name)).toString('base64')]),
  );

const table = [
  ...lines.slice(0, 5),
  cut(lines[5]!),
  ...lines.slice(6, 20),
  lines[5]!,
  glued(lines[20]!, lines[21]!),
  withoutBoxes(lines[22]!),
  ...lines.slice(23),
].join('');

describe('a conversion that keeps going', () => {
  it('leaves broken rows out, names them, and takes a later whole row of the same image', async () => {
    const [file, store] = [fileOf(table), newPath()];
    const stopped = await errorOf(() => convertToStore(file, store));
    expect(stopped.message).toContain(`${file}, line 6 (image image_5): `);
    expect(stopped.message).toContain('With --keep-going such rows are left out and listed');
    const result = await convertToStore(file, store, { keepGoing: true });
    expect(result.numImages).toBe(37);
    expect(result.leftOut.map(({ line, imageId, hasWholeRow }) => [line, imageId, hasWholeRow])).toEqual([
      [6, 'image_5', true],
      [22, null, false],
      [23, 'image_22', false],
    ]);
    expect(result.leftOut[1]?.message).toContain('found 19. Two rows ran together');
    const listed = readFileSync(path.join(store, BROKEN_ROWS_FILE), 'utf8').trimEnd().split('\n');
    expect(listed.map((line) => (JSON.parse(line) as { line: number }).line)).toEqual([6, 22, 23]);
    expect((await verifyStore(store)).numProblems).toBe(0);
    const ids = openShards(store).flatMap(({ metadata }) => metadata.imageIds);
    expect(ids).not.toContain('image_22');
    expect(ids.filter((id) => id === 'image_5')).toHaveLength(1);
  });

  it.each([1, 2, 4, 5])('gives the same bytes when it goes on after %i shards', async (kept) => {
    const [file, whole, store] = [fileOf(table), newPath(), newPath()];
    await convertToStore(file, whole, { keepGoing: true, shardImages: 6 });
    await convertToStore(file, store, { keepGoing: true, shardImages: 6 });
    for (const name of readdirSync(store)
      .sort()
      .filter((name) => name.startsWith('shard'))
      .slice(kept))
      rmSync(path.join(store, name));
    const result = await convertToStore(file, store, { keepGoing: true, shardImages: 6 });
    expect(result).toMatchObject({ numResumed: kept * 6, numImages: 37 });
    expect(result.leftOut).toHaveLength(3);
    expect(contentOf(store)).toEqual(contentOf(whole));
  });

  it('goes on from one that stopped at a broken row, to the same bytes', async () => {
    const [file, whole, store] = [fileOf(table), newPath(), newPath()];
    await convertToStore(file, whole, { keepGoing: true, shardImages: 2 });
    await errorOf(() => convertToStore(file, store, { shardImages: 2 }));
    expect(readdirSync(store)).toHaveLength(2);
    await convertToStore(file, store, { keepGoing: true, shardImages: 2 });
    expect(contentOf(store)).toEqual(contentOf(whole));
  });

  it('leaves no list where nothing is broken, and stops where too much is', async () => {
    const store = newPath();
    const { leftOut } = await convertToStore(fileOf(lines.join('')), store, { keepGoing: true });
    expect(leftOut).toEqual([]);
    expect(existsSync(path.join(store, BROKEN_ROWS_FILE))).toBe(false);
    const half = lines.map((line, i) => (i % 2 === 1 ? cut(line) : line)).join('');
    const error = await errorOf(() => convertToStore(fileOf(half), newPath(), { keepGoing: true }));
    expect(error.message).toMatch(/^11 of 22 rows are broken, more than one in ten/);
    const none = await errorOf(() => convertToStore(fileOf(cut(lines[0]!)), newPath(), { keepGoing: true }));
    expect(none.message).toContain('holds no row that is sound. The first: ');
  });

  it('does not leave out rows that need more room: they are sound', async () => {
    const file = fileOf(
      lines.slice(0, 3).join('') + formatObj36Row(makeRow(7, { numBoxes: 9 }), '\n').toString(),
    );
    const error = await errorOf(() => convertToStore(file, newPath(), { keepGoing: true, numBoxes: 4 }));
    expect(error.message).toContain('it has 9 boxes and the store has room for 4');
  });
});
