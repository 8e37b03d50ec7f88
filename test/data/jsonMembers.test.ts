import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LxmertError, UsageError } from '../../src/common/errors.js';
import { readJsonArray } from '../../src/data/annotations/jsonArray.js';
import { readJsonObject } from '../../src/data/annotations/jsonObject.js';
import { readTextLines } from '../../src/data/annotations/textFile.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'json-members-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function all<T>(text: string, read: (file: string) => AsyncIterable<T>): Promise<T[]> {
  const file = path.join(folder, 'a.json');
  await writeFile(file, text);
  const found: T[] = [];
  for await (const each of read(file)) found.push(each);
  return found;
}

const elements = [
  { a: ']}",\\:', b: [1, [2, { c: '{[' }]] },
  'x,"y":',
  [],
  null,
  -1.5e3,
  '\ud83d\ude00 caf\u00e9',
];
const chunkSizes = [1, 2, 3, 7, 64, undefined];

describe.each(chunkSizes)('with pieces of %s bytes', (chunkBytes) => {
  const options = chunkBytes === undefined ? {} : { chunkBytes };

  it.each([
    { annotations: elements },
    { annotations: [] },
    {
      info: { annotations: [9], deep: { annotations: [{}] }, list: [[1, 2], '"]'] },
      license: 'annotations": [',
      annotations: elements,
      'after: "it"': { annotations: [8] },
      list: [1, 2],
    },
  ])('reads the array under a key: %j', async (value) => {
    const read = (file: string) => readJsonArray(file, { under: 'annotations', ...options });
    expect(await all(JSON.stringify(value), read)).toEqual(value.annotations);
    expect(await all(`\ufeff${JSON.stringify(value, null, 3)}\n`, read)).toEqual(value.annotations);
  });

  it.each([{}, { one: 1 }, { 'a": {': elements, '': { '': [] }, '\u6f22,': '}', n: null }])(
    'reads the entries of an object: %j',
    async (value) => {
      const read = (file: string) => readJsonObject(file, options);
      expect(await all(JSON.stringify(value), read)).toEqual(Object.entries(value));
      expect(await all(`\n${JSON.stringify(value, null, 1)} `, read)).toEqual(Object.entries(value));
    },
  );

  it('reads lines', async () => {
    const text = '{"a": "x\u2028y"}\r\n\n  \nb\n\nlast';
    const lines = await all(text, (file) => readTextLines(file, chunkBytes));
    expect(lines).toEqual([
      { text: '{"a": "x\u2028y"}', number: 1 },
      { text: 'b', number: 4 },
      { text: 'last', number: 6 },
    ]);
  });
});

describe('an object', () => {
  it('keeps the order of keys that look like numbers, and both of equal ones', async () => {
    const entries = await all('{"20": 1, "3": 2, "20": 3, "__proto__": {"x": 4}}', readJsonObject);
    expect(entries.map(([key]) => key)).toEqual(['20', '3', '20', '__proto__']);
    expect(entries.map(([, value]) => value)).toEqual([1, 2, 3, { x: 4 }]);
  });

  it('of thousands of entries over many pieces is what JSON.parse gives', async () => {
    const value = Object.fromEntries(
      Array.from({ length: 20_000 }, (_, i) => [`q${i}`, { answer: `"${i}}`, entailed: [`q${i + 1}`] }]),
    );
    expect(Object.fromEntries(await all(JSON.stringify(value), readJsonObject))).toEqual(value);
  });

  it.each([
    ['', 'holds none'],
    ['[1]', 'expected a JSON object at the top level'],
    ['{"a": 1', 'cut short'],
    ['{"a": {"b": 1}, "c', 'after 1 whole entries'],
    ['{"a": 1,}', 'entry 1 is missing'],
    ['{"a": 1,, "b": 2}', 'entry 1 is missing'],
    ['{"a"}', 'entry 0 has no key'],
    ['{a: 1}', 'expected a key in quotes before the colon of entry 0'],
    ['{1: 1}', 'expected a key in quotes'],
    ['{"a": }', "the key 'a' has no value"],
    ['{"a": nonsense}', "the value of 'a' is not valid JSON"],
    ['{"a": [1}', 'cut short'],
    ['{"a": 1]', 'wrong kind'],
    ['{"a": 1} 2', 'after the end'],
    ['{"a": 1}{', 'after the end'],
  ])('says what is wrong with %j', async (text, expected) => {
    await expect(all(text, readJsonObject)).rejects.toThrow(expected);
    await expect(all(text, readJsonObject)).rejects.toThrow(LxmertError);
  });
});

describe('an array under a key', () => {
  it.each([
    ['[1]', 'expected a JSON object at the top level'],
    ['{}', "expected an array under the key 'list', but it has no keys"],
    ['{"info": 1, "questions": []}', "the key 'list', but its keys are info, questions"],
    ['{"list": {"a": []}}', "under the key 'list', but it is something else"],
    ['{"list": 3}', 'something else'],
    ['{"list": 3 [1]}', 'something else'],
    ['{"list": [1] 2}', "text after the array under 'list'"],
    ['{"list": [1] [2]}', "text after the array under 'list'"],
    ['{"list": [1], "list": [2]}', "the key 'list' twice"],
    ['{"list": [1,, 2]}', 'element 1 is missing'],
    ['{"list": [1}}', 'wrong kind'],
    ['{"list": [1, {"a": 2}', 'after 1 whole elements'],
    ['{"list": [1, oh]}', 'element 1 is not valid JSON'],
    ['{"info": , "list": [1]}', "the key 'info' has no value"],
    ['{"list": [1], }', 'entry 1 is missing'],
    ['{"list": [1]', 'cut short'],
  ])('says what is wrong with %j', async (text, expected) => {
    const read = (file: string) => readJsonArray(file, { under: 'list', chunkBytes: 2 });
    await expect(all(text, read)).rejects.toThrow(expected);
    await expect(all(text, read)).rejects.toThrow(LxmertError);
  });

  it('names a missing file', async () => {
    const missing = path.join(folder, 'missing.json');
    await expect(readJsonArray(missing, { under: 'list' }).next()).rejects.toThrow(UsageError);
    await expect(readJsonObject(missing).next()).rejects.toThrow(UsageError);
    await expect(readTextLines(missing).next()).rejects.toThrow(UsageError);
  });
});
