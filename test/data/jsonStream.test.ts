import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { LxmertError, UsageError } from '../../src/common/errors.js';
import { fileSource, type JsonSource } from '../../src/data/annotations/jsonSource.js';
import {
  beginsArray,
  streamArray,
  streamEntries,
  streamValues,
} from '../../src/data/annotations/jsonStream.js';
import { temporaryFolder } from './prepare/support.js';

const folder = temporaryFolder();

/** Pieces that cut every value, some values, and none. */
const PIECE_SIZES = [1, 2, 3, 5, 7, 16, 64, 1 << 18];

type Read = (source: JsonSource) => AsyncIterable<unknown>;
const underList: Read = (source) => streamArray(source, 'list');

async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}

/** A source that gives `text` in pieces of `size` bytes. */
function pieces(text: string | Uint8Array, size: number): JsonSource {
  const bytes = Buffer.from(text);
  return {
    name: 'raw.json',
    async *open() {
      for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
    },
  };
}

/** What `text` gives in one way of reading; the same wherever its pieces end. */
async function readInPieces(text: string, read: Read): Promise<unknown[]> {
  const [first, ...others] = await Promise.all(PIECE_SIZES.map((size) => collect(read(pieces(text, size)))));
  for (const other of others) expect(other).toEqual(first);
  return first!;
}

/** The message that refuses `text`; the same wherever its pieces end. */
async function refusal(text: string | Uint8Array, read: Read): Promise<string> {
  const messages = new Set<string>();
  for (const size of PIECE_SIZES) {
    const error: unknown = await collect(read(pieces(text, size))).then(
      (values) => `${JSON.stringify(values)} was read`,
      (reason) => reason,
    );
    expect(error).toBeInstanceOf(LxmertError);
    messages.add((error as LxmertError).message);
  }
  expect([...messages]).toHaveLength(1);
  return [...messages][0]!;
}

async function expectRefusal(text: string, read: Read, beginning: string): Promise<void> {
  expect((await refusal(text, read)).slice(0, beginning.length)).toBe(beginning);
}

/** The layouts and the byte-order mark that files come with. */
function layouts(value: unknown): string[] {
  const spread = JSON.stringify(value, null, 3);
  return [JSON.stringify(value), `\ufeff${spread}\n`, ` \r\n\t${spread.replaceAll('\n', '\r\n')} `];
}

const values = [
  { a: ']}",\\:', b: [1, [2, { c: '{[' }]] },
  'x,"y":',
  null,
  true,
  false,
  -1.5e-3,
  [],
  {},
  [[], {}, [[]], ''],
  '',
  { text: 'caf\u00e9 \u6f22\u5b57 \ud83d\ude00 \\"' },
  0,
];

describe('streams give what JSON.parse gives, wherever the pieces end', () => {
  it.each([[values], [[]], [[1]], [['one']], [[[]]]])('the elements of %j', async (array) => {
    for (const text of layouts(array)) expect(await readInPieces(text, streamArray)).toEqual(array);
  });

  it.each([
    { list: values },
    { list: [] },
    {
      info: { list: [9], deep: { list: [{}] }, lists: [[1, 2], '"]'] },
      license: 'list": [',
      number: -1.5e3,
      list: values,
      'after: "it"': { list: [8] },
      nothing: null,
    },
  ])('the array under a key of %j', async (object) => {
    for (const text of layouts(object)) expect(await readInPieces(text, underList)).toEqual(object.list);
  });

  it.each([{}, { one: 1 }, { 'a": {': values, '': { '': [] }, '\u6f22,"\\': '}', n: null }])(
    'the entries of %j',
    async (object) => {
      for (const text of layouts(object)) {
        expect(await readInPieces(text, streamEntries)).toEqual(Object.entries(object));
      }
    },
  );

  it('the values of lines, or of anything that white space divides', async () => {
    const lines = values.map((value) => JSON.stringify(value));
    for (const text of [lines.join('\n'), `\ufeff\n${lines.join(' \r\n\n')}\n`]) {
      expect(await readInPieces(text, streamValues)).toEqual(values);
    }
    expect(await readInPieces('', streamValues)).toEqual([]);
    expect(await readInPieces('\ufeff \n', streamValues)).toEqual([]);
  });

  it('keys that look like numbers keep their place, keys that occur twice are both given', async () => {
    const text = '{"20": 1, "3": [2], "20": "x", "__proto__": {"x": 4}, "\\u0061": 5}';
    expect(await readInPieces(text, streamEntries)).toEqual([
      ['20', 1],
      ['3', [2]],
      ['20', 'x'],
      ['__proto__', { x: 4 }],
      ['a', 5],
    ]);
  });

  it('files of many pieces', async () => {
    const questions = Array.from({ length: 30_000 }, (_, i) => ({
      question_id: i,
      sent: `What, "is" {${i}}?${i % 100 === 0 ? ' caf\u00e9' : ''}`,
      label: { 2: 1 },
    }));
    const array = path.join(folder, 'array.json');
    writeFileSync(array, JSON.stringify(questions));
    expect(await collect(streamArray(fileSource(array)))).toEqual(questions);
    const object = path.join(folder, 'object.json');
    const entries = questions.map((question) => [`q${question.question_id}`, question] as const);
    writeFileSync(object, JSON.stringify(Object.fromEntries(entries)));
    expect(await collect(streamEntries(fileSource(object)))).toEqual(entries);
  });

  it('whether an array begins', async () => {
    for (const size of PIECE_SIZES) {
      expect(await beginsArray(pieces('\ufeff\n [1', size))).toBe(true);
      expect(await beginsArray(pieces(' {"a": [1]}', size))).toBe(false);
      expect(await beginsArray(pieces(' ', size))).toBe(false);
    }
  });
});

describe('what is wrong is said with the source and the byte', () => {
  const nothing = 'raw.json holds nothing: expected a JSON';
  const element = (index: number) => `at element ${index} (counted from 0)`;

  it.each([
    ['', `${nothing} array at the top level.`],
    ['\ufeff \n', `${nothing} array at the top level.`],
    ['{"a": 1}', "raw.json, byte 0: expected a JSON array at the top level, found '{'."],
    ['"text"', "raw.json, byte 0: expected a JSON array at the top level, found '\"'."],
    ['x [1]', "raw.json, byte 0: expected a JSON array at the top level, found 'x'."],
    ['\u00ef[1]', 'raw.json, byte 0: expected a JSON array at the top level, found the byte 195.'],
    [' \ufeff[1]', 'raw.json, byte 1: expected a JSON array at the top level, found the byte 239.'],
    ['[', `raw.json ends too early, after 1 bytes, ${element(0)}. The file is cut short; get it again.`],
    ['[1, 2', `raw.json ends too early, after 5 bytes, ${element(1)}. The file is cut short; get it again.`],
    ['[1, 2,', `raw.json ends too early, after 6 bytes, ${element(2)}. The file`],
    ['[1, nu', `raw.json, byte 4, ${element(1)}: this is not valid JSON`],
    ['[{"a": "tex', `raw.json ends too early, after 11 bytes, ${element(0)}. The file`],
    ['[{"a": 1}, {"a"', `raw.json ends too early, after 15 bytes, ${element(1)}. The file`],
    ['[1,, 2]', `raw.json, byte 3, ${element(1)}: expected a JSON value, found ','.`],
    ['[, 1]', `raw.json, byte 1, ${element(0)}: expected a JSON value, found ','.`],
    ['[1, 2,]', `raw.json, byte 6, ${element(2)}: expected a JSON value, found ']'.`],
    ['[1 2]', `raw.json, byte 3, ${element(0)}: expected a comma or the end of the array, found '2'.`],
    ['["a""b"]', `raw.json, byte 4, ${element(0)}: expected a comma or the end of the array, found '"'.`],
    ['[1: 2]', `raw.json, byte 2, ${element(0)}: expected a comma or the end of the array, found ':'.`],
    ['[1}', `raw.json, byte 2, ${element(0)}: expected a comma or the end of the array, found '}'.`],
    ['[{a: 1}]', `raw.json, byte 1, ${element(0)}: this is not valid JSON at its character `],
    ['[1, {"a" 1}]', `raw.json, byte 4, ${element(1)}: this is not valid JSON at its character `],
    ['[[1}, 2]', `raw.json, byte 1, ${element(0)}: this is not valid JSON at its character `],
    ['["a\nb"]', `raw.json, byte 1, ${element(0)}: this is not valid JSON at its character `],
    ['["\\x"]', `raw.json, byte 1, ${element(0)}: this is not valid JSON at its character `],
    ['[nul]', `raw.json, byte 1, ${element(0)}: this is not valid JSON at its character `],
    ['[01]', `raw.json, byte 1, ${element(0)}: this is not valid JSON at its character `],
    ['[NaN]', `raw.json, byte 1, ${element(0)}: expected a JSON value, found 'N'.`],
    ['[1] [2]', "raw.json, byte 4, behind element 0: expected the end of the file, found '['."],
    ['[1] x', "raw.json, byte 4, behind element 0: expected the end of the file, found 'x'."],
    ['[1]]', "raw.json, byte 3, behind element 0: expected the end of the file, found ']'."],
    ['[] []', `raw.json, byte 3, ${element(0)}: expected the end of the file, found '['.`],
    [
      '[1\u0000]',
      `raw.json, byte 2, ${element(0)}: expected a comma or the end of the array, found the byte 0.`,
    ],
  ])('array %j', async (text, message) => {
    await expectRefusal(text, streamArray, message);
  });

  it.each([
    ['', `${nothing} object at the top level.`],
    ['[1]', "raw.json, byte 0: expected a JSON object at the top level, found '['."],
    ['{', 'raw.json ends too early, after 1 bytes, at entry 0 (counted from 0). The file'],
    ['{"a": 1', "raw.json ends too early, after 7 bytes, at key 'a'. The file"],
    ['{"a": {"b": 1}, "c', 'raw.json ends too early, after 18 bytes, at entry 1 (counted from 0). The file'],
    ['{"a": 1,}', "raw.json, byte 8, at entry 1 (counted from 0): expected a key in quotes, found '}'."],
    [
      '{"a": 1,, "b": 2}',
      "raw.json, byte 8, at entry 1 (counted from 0): expected a key in quotes, found ','.",
    ],
    ['{, "a": 1}', "raw.json, byte 1, at entry 0 (counted from 0): expected a key in quotes, found ','."],
    [
      '{"a"}',
      "raw.json, byte 4, at entry 0 (counted from 0): expected a colon behind the key 'a', found '}'.",
    ],
    ['{a: 1}', "raw.json, byte 1, at entry 0 (counted from 0): expected a key in quotes, found 'a'."],
    ['{1: 1}', "raw.json, byte 1, at entry 0 (counted from 0): expected a key in quotes, found '1'."],
    ['{"\\x": 1}', 'raw.json, byte 1, at entry 0 (counted from 0): this is not valid JSON at its character '],
    ['{"a": }', "raw.json, byte 6, at key 'a': expected a JSON value, found '}'."],
    ['{"a": nonsense}', "raw.json, byte 6, at key 'a': this is not valid JSON at its character "],
    ['{"a": [1}', "raw.json, byte 6, at key 'a': this is not valid JSON at its character "],
    ['{"a": 1]', "raw.json, byte 7, at key 'a': expected a comma or the end of the object, found ']'."],
    [
      '{"a": 1 "b": 2}',
      "raw.json, byte 8, at key 'a': expected a comma or the end of the object, found '\"'.",
    ],
    ['{"a": 1} 2', "raw.json, byte 9, at key 'a': expected the end of the file, found '2'."],
    ['{"a": 1}{', "raw.json, byte 8, at key 'a': expected the end of the file, found '{'."],
    [`{"${'k'.repeat(99)}": }`, `raw.json, byte 104, at key '${'k'.repeat(80)}...': expected a JSON value`],
  ])('object %j', async (text, message) => {
    await expectRefusal(text, streamEntries, message);
  });

  it.each([
    ['', `${nothing} object at the top level.`],
    ['[1]', "raw.json, byte 0: expected a JSON object at the top level, found '['."],
    ['{}', "raw.json: expected an array under the key 'list', but the object has no keys."],
    [
      '{"info": 1, "questions": []}',
      "raw.json: expected an array under the key 'list', but the keys are 'info', 'questions'.",
    ],
    [
      JSON.stringify(Object.fromEntries([...'abcdefghij'].map((key) => [key, 1]))),
      "raw.json: expected an array under the key 'list', but the keys are " +
        "'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h' and 2 more.",
    ],
    [
      '{"list": {"a": []}}',
      "raw.json, byte 9, at key 'list': expected an array under the key 'list', found '{'.",
    ],
    ['{"list": 3}', "raw.json, byte 9, at key 'list': expected an array under the key 'list', found '3'."],
    [
      '{"list": 3 [1]}',
      "raw.json, byte 9, at key 'list': expected an array under the key 'list', found '3'.",
    ],
    [
      '{"list": [1] 2}',
      "raw.json, byte 13, behind element 0 of 'list': expected a comma or the end of the object",
    ],
    [
      '{"list": [1] [2]}',
      "raw.json, byte 13, behind element 0 of 'list': expected a comma or the end of the",
    ],
    ['{"list": [1], "list": [2]}', "raw.json: the key 'list' stands there twice."],
    [
      '{"list": [1,, 2]}',
      `raw.json, byte 12, at element 1 of 'list' (counted from 0): expected a JSON value, found`,
    ],
    [
      '{"list": [1}}',
      "raw.json, byte 11, at element 0 of 'list' (counted from 0): expected a comma or the end of the",
    ],
    [
      '{"list": [1, {"a": 2}',
      "raw.json ends too early, after 21 bytes, at element 1 of 'list' (counted from 0).",
    ],
    [
      '{"list": [1, oh]}',
      "raw.json, byte 13, at element 1 of 'list' (counted from 0): expected a JSON value, found 'o'",
    ],
    [
      '{"list": [1, no]}',
      "raw.json, byte 13, at element 1 of 'list' (counted from 0): this is not valid JSON at its character ",
    ],
    ['{"info": , "list": [1]}', "raw.json, byte 9, at key 'info': expected a JSON value, found ','."],
    [
      '{"list": [1], }',
      "raw.json, byte 14, at entry 1 (counted from 0): expected a key in quotes, found '}'.",
    ],
    ['{"list": [1], "info": }', "raw.json, byte 22, at key 'info': expected a JSON value, found '}'."],
    ['{"list": [1]', "raw.json ends too early, after 12 bytes, behind element 0 of 'list'. The file"],
    [
      '{"list": [1]} 2',
      "raw.json, byte 14, behind element 0 of 'list': expected the end of the file, found '2'.",
    ],
    ['{"info": {"a": [1, 2', "raw.json ends too early, after 20 bytes, at key 'info'. The file"],
    ['{list: [1]}', "raw.json, byte 1, at entry 0 (counted from 0): expected a key in quotes, found 'l'."],
    [
      '{"list" [1]}',
      "raw.json, byte 8, at entry 0 (counted from 0): expected a colon behind the key 'list', found '['.",
    ],
  ])('array under a key %j', async (text, message) => {
    await expectRefusal(text, underList, message);
  });

  it.each([
    ['{"a": 1}\n{"a"', 'raw.json ends too early, after 13 bytes, at value 1 (counted from 0). The file'],
    ['1\n, 2', "raw.json, byte 2, at value 1 (counted from 0): expected a JSON value, found ','."],
    ['{"a" 1}', 'raw.json, byte 0, at value 0 (counted from 0): this is not valid JSON at its character '],
  ])('lines %j', async (text, message) => {
    await expectRefusal(text, streamValues, message);
  });

  it('a text cut off anywhere', async () => {
    const object = JSON.stringify({ info: { list: ['no'] }, list: values, last: 1 });
    const texts: [string, Read][] = [
      [JSON.stringify(values), streamArray],
      [object, underList],
      [object, streamEntries],
    ];
    for (const [text, read] of texts) {
      const bytes = Buffer.from(text);
      for (let length = 1; length < bytes.length; length++) {
        expect(await refusal(bytes.subarray(0, length), read)).toMatch(/cut short|not valid JSON/);
      }
    }
  });

  it('bytes that are not UTF-8, and a byte-order mark that is not whole', async () => {
    const message =
      'raw.json, byte 1, at element 0 (counted from 0): this is not text in UTF-8. Save the file as UTF-8.';
    expect(await refusal(Buffer.from('["caf\u00e9"]', 'latin1'), streamArray)).toContain(message);
    expect(await refusal(Buffer.from([0xef, 0xbb, 0x5b, 0x5d]), streamArray)).toBe(
      "raw.json, byte 2: expected the rest of a byte-order mark, found '['.",
    );
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
      'endless.json, byte 1, at element 0 (counted from 0): the value is longer than 16 MiB.',
    );
  });

  it('a missing file and a folder, as wrong use', async () => {
    const missing = path.join(folder, 'missing.json');
    for (const read of [streamArray, underList, streamEntries, streamValues, beginsArray]) {
      for (const [file, message] of [
        [missing, `There is no file '${missing}'.`],
        [folder, `'${folder}' is a folder, not a file.`],
      ] as const) {
        const result = read(fileSource(file));
        const reading = result instanceof Promise ? result : collect(result);
        await expect(reading).rejects.toThrow(new UsageError(message));
        await expect(reading).rejects.toBeInstanceOf(UsageError);
      }
    }
  });
});

describe('the source', () => {
  it.each([
    ['left in the middle', '[1, 2, 3]'],
    ['refused in the middle', '[1, }]'],
    ['refused at its start', '\u00ef\u00bb[1]'],
    ['read to its end', '[1]'],
  ])('is let go when it is %s', async (_, text) => {
    let isOpen = false;
    const source: JsonSource = {
      name: 'raw.json',
      async *open() {
        isOpen = true;
        try {
          yield* pieces(Buffer.from(text, 'latin1'), 2).open();
        } finally {
          isOpen = false;
        }
      },
    };
    try {
      for await (const value of streamArray(source)) {
        expect(isOpen).toBe(true);
        if (value === 2) break;
      }
    } catch (error) {
      expect(error).toBeInstanceOf(LxmertError);
    }
    expect(isOpen).toBe(false);
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
