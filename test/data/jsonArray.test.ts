import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LxmertError, UsageError } from '../../src/common/errors.js';
import { readJsonArray } from '../../src/data/annotations/jsonArray.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'json-array-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function read(text: string): Promise<unknown[]> {
  const file = path.join(folder, 'a.json');
  await writeFile(file, text);
  const elements: unknown[] = [];
  for await (const element of readJsonArray(file)) elements.push(element);
  return elements;
}

describe('readJsonArray', () => {
  const cases: unknown[][] = [
    [],
    [1],
    [{ a: ']}",\\', b: [1, [2, { c: '{[' }]] }, 'x,"y', null, true, -1.5e3],
    [[], {}, [[]], ''],
    [{ text: 'caf\u00e9 \u6f22\u5b57 \ud83d\ude00 \\"' }],
    Array.from({ length: 30_000 }, (_, i) => ({
      question_id: i,
      sent: `What, "is" {${i}}?`,
      label: { 2: 1 },
    })),
  ];
  it.each(cases.map((value) => [value]))('gives what JSON.parse gives', async (...value) => {
    expect(await read(JSON.stringify(value))).toEqual(value);
    expect(await read(`\ufeff\n ${JSON.stringify(value, null, 2)}\n`)).toEqual(value);
  });

  it.each([
    ['', 'holds none'],
    ['{"a": 1}', 'expected a JSON array'],
    ['"text"', 'expected a JSON array'],
    ['[1, 2', 'cut short'],
    ['[{"a": 1}, {"a"', 'cut short'],
    ['[1,, 2]', 'missing'],
    ['[1, 2,]', 'missing'],
    ['[{a: 1}]', 'element 0 is not valid JSON'],
    ['[1] [2]', 'after the end'],
    ['[1] x', 'after the end'],
    ['[1]]', 'after the end'],
    ['x [1]', 'expected a JSON array'],
  ])('says what is wrong with %j', async (text, expected) => {
    await expect(read(text)).rejects.toThrow(expected);
    await expect(read(text)).rejects.toThrow(LxmertError);
  });

  it('names a missing file', async () => {
    const missing = readJsonArray(path.join(folder, 'missing.json'));
    await expect(missing.next()).rejects.toThrow(UsageError);
  });
});
