import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { LxmertError, UsageError } from '../../src/common/errors.js';
import {
  fileSource,
  type JsonSource,
  streamArray,
  streamEntries,
  streamValues,
} from '../../src/data/annotations/jsonStream.js';
import { temporaryFolder } from './prepare/support.js';

const folder = temporaryFolder();

async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}

/** A source that gives `text` in pieces of `size` bytes. */
function pieces(text: string, size: number): JsonSource {
  const bytes = Buffer.from(text);
  return {
    name: 'raw.json',
    async *open() {
      for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
    },
  };
}

const values = [
  { a: ']}",\\', b: [1, [2, { c: '{[' }]] },
  'x,"y',
  null,
  true,
  false,
  -1.5e-3,
  [],
  {},
  '',
  { text: 'caf\u00e9 \u6f22\u5b57 \ud83d\ude00 \\"' },
];

describe('streams give what JSON.parse gives, wherever the pieces end', () => {
  it.each([1, 2, 3, 7, 1 << 18])('pieces of %i bytes', async (size) => {
    for (const indent of [undefined, 2]) {
      const array = JSON.stringify(values, null, indent);
      expect(await collect(streamArray(pieces(`\ufeff ${array}\n`, size)))).toEqual(values);
      const object = JSON.stringify(
        { info: { questions: ['no'] }, questions: values, last: 1 },
        null,
        indent,
      );
      expect(await collect(streamArray(pieces(object, size), 'questions'))).toEqual(values);
      expect(
        await collect(streamValues(pieces(values.map((each) => JSON.stringify(each)).join('\n'), size))),
      ).toEqual(values);
    }
    // Keys that look like numbers keep their place, keys that occur twice are both given.
    expect(await collect(streamEntries(pieces('{"b": 1, "02": [2], "1": {}, "b": "x"}', size)))).toEqual([
      ['b', 1],
      ['02', [2]],
      ['1', {}],
      ['b', 'x'],
    ]);
  });

  it('empty arrays, objects and files of lines', async () => {
    expect(await collect(streamArray(pieces('[ ]', 9)))).toEqual([]);
    expect(await collect(streamArray(pieces('{"q": []}', 9), 'q'))).toEqual([]);
    expect(await collect(streamEntries(pieces('{}', 9)))).toEqual([]);
    expect(await collect(streamValues(pieces('', 9)))).toEqual([]);
  });
});

describe('what is wrong is said with the byte', () => {
  it.each([
    ['[1, 2', 'raw.json ends too early, after 5 bytes, at element 1 (counted from 0). The file is cut short'],
    ['[1, 2,', 'ends too early, after 6 bytes, at element 2'],
    ['[{"a": "tex', 'ends too early, after 11 bytes, at element 0'],
    ['', 'ends too early, after 0 bytes'],
    ['{"a": 1}', "byte 0, before anything was read: expected a JSON array, found '{'"],
    ['[1,, 2]', "byte 3, at element 1 (counted from 0): expected a JSON value, found ','"],
    ['[1, 2,]', "byte 6, at element 2 (counted from 0): expected a JSON value, found ']'"],
    ['[1 2]', "byte 3, at element 0 (counted from 0): expected a comma or the end of the array, found '2'"],
    ['[{"a" 1}]', 'byte 1, at element 0 (counted from 0): this is not valid JSON'],
    ['[nul]', 'byte 1, at element 0 (counted from 0): this is not valid JSON'],
    ['[1] [2]', "byte 4, behind element 0: expected the end of the file, found '['"],
    ['[1\u0000]', 'found the byte 0'],
  ])('array %j', async (text, message) => {
    for (const size of [1, 1000]) {
      const reading = collect(streamArray(pieces(text, size)));
      await expect(reading).rejects.toThrow(message);
      await expect(reading).rejects.toThrow(LxmertError);
    }
  });

  it.each([
    ['{"info": 1, "other": []}', "expected an object with the key 'q', found 'info', 'other'"],
    ['{"q": {}}', "byte 6, at key 'q': expected a JSON array under 'q', found '{'"],
    ['{"q": [1], "q": [2]}', "the key 'q' stands there twice"],
    ['{"info": {"a": [1, 2', "ends too early, after 20 bytes, at key 'info'"],
    ['{"q": [1]', 'ends too early, after 9 bytes'],
    ['{q: [1]}', "byte 1, at entry 0 (counted from 0): expected a key in quotes, found 'q'"],
    ['{"q" [1]}', "expected a colon, found '['"],
    ['[1]', "expected a JSON object, found '['"],
  ])('array under a key %j', async (text, message) => {
    await expect(collect(streamArray(pieces(text, 3), 'q'))).rejects.toThrow(message);
  });

  it('bytes that are not UTF-8', async () => {
    const file = path.join(folder, 'latin1.json');
    writeFileSync(file, Buffer.from('["caf\u00e9"]', 'latin1'));
    await expect(collect(streamArray(fileSource(file)))).rejects.toThrow('byte 1, at element 0');
  });

  it('a value without end', async () => {
    const endless: JsonSource = {
      name: 'endless.json',
      async *open() {
        yield Buffer.from('["');
        for (;;) yield Buffer.alloc(1 << 20, 'x');
      },
    };
    await expect(collect(streamArray(endless))).rejects.toThrow(
      'byte 1, at element 0 (counted from 0): the value is longer',
    );
  });

  it('a missing file and a folder', async () => {
    await expect(collect(streamArray(fileSource(path.join(folder, 'missing.json'))))).rejects.toThrow(
      UsageError,
    );
    await expect(collect(streamArray(fileSource(folder)))).rejects.toThrow('is a folder');
  });
});

describe('memory', () => {
  it('a file of tens of megabytes is read with a few megabytes', async () => {
    const file = path.join(folder, 'large.json');
    const numElements = 200_000;
    const filler = 'What is the color of the bird on the fence? '.repeat(4);
    const handle = openSync(file, 'w');
    writeSync(handle, '{"skipped": ["');
    // A value that is passed over may be longer than one that is held: 20 MB.
    for (let i = 0; i < 20; i++) writeSync(handle, 'x'.repeat(1_000_000));
    writeSync(handle, '"], "questions": [');
    for (let i = 0; i < numElements; i += 1000) {
      const rows = Array.from({ length: 1000 }, (_, k) =>
        JSON.stringify({ question_id: i + k, question: filler }),
      );
      writeSync(handle, (i === 0 ? '' : ',') + rows.join(','));
    }
    writeSync(handle, ']}');
    closeSync(handle);

    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    /** What is reachable: buffers are let go a moment after the collection that finds them. */
    const held = async (): Promise<number> => {
      collectGarbage();
      await setImmediate();
      collectGarbage();
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    };
    const before = await held();
    let peak = 0;
    let numSeen = 0;
    for await (const element of streamArray(fileSource(file), 'questions')) {
      if ((element as { question_id: number }).question_id !== numSeen)
        throw new Error(`Lost element ${numSeen}.`);
      if (numSeen++ % 20_000 === 0) peak = Math.max(peak, (await held()) - before);
    }
    expect(numSeen).toBe(numElements);
    expect(peak).toBeLessThan(8e6);
  }, 60_000);
});
