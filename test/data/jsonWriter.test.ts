import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeJsonArray, writeJsonObject } from '../../src/data/annotations/jsonWriter.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'json-'));
});
afterAll(() => rm(folder, { recursive: true }));

const elements = [
  { a: 1, b: { c: ['x\ny', '"', '\u2028'] } },
  {},
  { long: 'z'.repeat(200_000) },
  { d: null },
];

it('writes what JSON.stringify writes', async () => {
  const file = path.join(folder, 'array.json');
  for (const each of [[], elements.slice(0, 1), elements]) {
    expect(await writeJsonArray(file, each)).toBe(each.length);
    expect(await readFile(file, 'utf8')).toBe(JSON.stringify(each, null, 1));
  }
});

it('writes entries as one object, in their order', async () => {
  const file = path.join(folder, 'object.json');
  const entries = elements.map((element, i) => [`id ${i}"`, element] as const);
  expect(await writeJsonObject(file, entries)).toBe(entries.length);
  expect(await readFile(file, 'utf8')).toBe(JSON.stringify(Object.fromEntries(entries), null, 1));
});

it('leaves nothing behind when the elements fail', async () => {
  const file = path.join(folder, 'failed', 'array.json');
  const failing = function* (): Generator<object> {
    yield {};
    throw new Error('no more');
  };
  await expect(writeJsonArray(file, failing())).rejects.toThrow('no more');
  expect(await readdir(path.dirname(file))).toEqual([]);
});
