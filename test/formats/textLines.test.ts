import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { LxmertError, UsageError } from '../../src/common/errors.js';
import { readJsonLines } from '../../src/formats/lines/jsonLines.js';
import { readTextLines } from '../../src/formats/lines/textLines.js';
import { temporaryFolder } from '../data/prepare/support.js';

const folder = temporaryFolder();

async function all<T>(text: string, read: (file: string) => AsyncIterable<T>): Promise<T[]> {
  const file = path.join(folder, 'lines.txt');
  writeFileSync(file, text);
  const found: T[] = [];
  for await (const each of read(file)) found.push(each);
  return found;
}

describe('readTextLines', () => {
  it('numbers the lines and passes over blank ones', async () => {
    const text = '\ufeff{"a": "x\u2028y"}\r\n\n  \n b\u00e9\n\nlast';
    expect(await all(text, readTextLines)).toEqual([
      { text: '{"a": "x\u2028y"}', number: 1 },
      { text: ' b\u00e9', number: 4 },
      { text: 'last', number: 6 },
    ]);
    expect(await all('\ufeff\n', readTextLines)).toEqual([]);
  });

  it('refuses a line that is no line of annotations', async () => {
    const reading = all(`a\n${'x'.repeat(16 * 1024 * 1024 + 1)}`, readTextLines);
    await expect(reading).rejects.toThrow('lines.txt, line 2: the line is longer than 16777216 bytes');
    await expect(reading).rejects.toThrow('which no line of annotations is.');
  });

  it('names a file that is no text, and the line of one in another encoding', async () => {
    const given = path.join(folder, 'given.txt');
    writeFileSync(given, Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 16, 0x4a, 0x46));
    await expect(readTextLines(given).next()).rejects.toThrow(
      `${given} is a JPEG picture; expected text in UTF-8.`,
    );
    writeFileSync(given, Buffer.from('caf\xe9\n', 'latin1'));
    await expect(readTextLines(given).next()).rejects.toThrow(`${given}: line 1 is not UTF-8 text. Save`);
  });

  it('names a missing file and a folder, as wrong use', async () => {
    const missing = path.join(folder, 'missing.txt');
    await expect(readTextLines(missing).next()).rejects.toThrow(
      new UsageError(`There is no file '${missing}'.`),
    );
    const inside = path.join(folder, 'inside');
    mkdirSync(inside);
    const reading = readTextLines(inside).next();
    await expect(reading).rejects.toThrow(`'${inside}' is a folder, not a file.`);
    await expect(reading).rejects.toBeInstanceOf(UsageError);
  });
});

describe('readJsonLines', () => {
  it('gives each value with its line', async () => {
    expect(await all('{"a": [1]}\n\n null\r\n"x"', readJsonLines)).toEqual([
      { value: { a: [1] }, place: 'line 1' },
      { value: null, place: 'line 3' },
      { value: 'x', place: 'line 4' },
    ]);
  });

  it('says which line is wrong', async () => {
    const reading = all('1\n\n{"a"', readJsonLines);
    await expect(reading).rejects.toThrow('lines.txt: line 3 is not valid JSON: ');
    await expect(reading).rejects.toBeInstanceOf(LxmertError);
  });
});
