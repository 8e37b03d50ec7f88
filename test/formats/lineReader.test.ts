/** @file Lines: content, numbers and byte ranges against a plain split of the whole file. */

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { Random } from '../../src/common/random.js';
import { readLines } from '../../src/formats/lines/lineReader.js';
import { errorOf, temporaryFolder } from '../features/support.js';

const folder = temporaryFolder();
let numFiles = 0;

function fileOf(content: string | Buffer): string {
  const file = path.join(folder, `${numFiles++}.txt`);
  writeFileSync(file, content);
  return file;
}

async function linesOf(file: string, options: { start?: number; firstLine?: number } = {}) {
  const lines: { text: string; ending: string; number: number; start: number; end: number }[] = [];
  for await (const line of readLines(file, { maxLineBytes: 1 << 25, expected: 'no line is.', ...options }))
    lines.push({ ...line, text: line.bytes.toString('latin1') });
  return lines;
}

describe('readLines', () => {
  it('takes both line ends, and a last line without one', async () => {
    const lines = await linesOf(fileOf('a\r\nbc\n\nd'));
    expect(lines.map(({ text, ending, number }) => [text, ending, number])).toEqual([
      ['a', '\r\n', 1],
      ['bc', '\n', 2],
      ['', '\n', 3],
      ['d', '', 4],
    ]);
    expect(lines.map(({ start, end }) => [start, end])).toEqual([
      [0, 3],
      [3, 6],
      [6, 7],
      [7, 8],
    ]);
    expect(await linesOf(fileOf(''))).toEqual([]);
  });

  it('starts at a line that a caller remembers', async () => {
    const file = fileOf('one\ntwo\nthree\n');
    const lines = await linesOf(file, { start: 4, firstLine: 2 });
    expect(lines.map(({ text, number, start }) => [text, number, start])).toEqual([
      ['two', 2, 4],
      ['three', 3, 8],
    ]);
  });

  it('equals a split of the file for lines shorter and longer than what is read at once', async () => {
    const random = new Random(1);
    const texts = Array.from({ length: 60 }, () => {
      const length = random.integer(10) === 0 ? random.integer(9_000_000) : random.integer(400_000);
      return String.fromCharCode(97 + random.integer(26)).repeat(length);
    });
    const content = texts.map((text) => text + random.pick(['\n', '\r\n'])).join('');
    expect(content.length).toBeGreaterThan(20_000_000);
    const lines = await linesOf(fileOf(content));
    expect(lines.map((line) => line.text)).toEqual(texts);
    expect(lines.at(-1)?.end).toBe(content.length);
    for (const line of lines) expect(content.slice(line.start, line.end)).toBe(line.text + line.ending);
  });

  it('refuses a line over the limit, ended or not', async () => {
    for (const content of [`ab\n${'x'.repeat(101)}\n`, `ab\n${'x'.repeat(5_000_000)}`]) {
      const file = fileOf(content);
      const error = await errorOf(async () => {
        for await (const _ of readLines(file, { maxLineBytes: 100, expected: 'no line is.' }));
      });
      expect(error.message).toContain(`${file}, line 2: the line is longer than 100 bytes`);
    }
  });

  it('names a file that is not there, as wrong use', async () => {
    const missing = path.join(folder, 'missing.tsv');
    const error = await errorOf(() => linesOf(missing));
    expect(error.message).toBe(`There is no file '${missing}'.`);
    expect(error.exitCode).toBe(2);
  });
});
