/** @file The log of an extraction: rows come back as they were; what is torn or damaged is not taken for a row. */

import { appendFileSync, copyFileSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import {
  isLogName,
  type LogRecord,
  RowLogWriter,
  readLoggedRow,
  scanRowLog,
} from '../../src/extraction/rowLog.js';
import { makeRow } from '../features/support.js';
import { temporaryFolder } from './pictures.js';

const folder = temporaryFolder('row-log');
const picture = { sha256: 'cd'.repeat(32), numBytes: 5, modified: 1.5 };
const hash = 'ab'.repeat(32);

async function recordsOf(file: string): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  for await (const record of scanRowLog(file)) records.push(record);
  return records;
}

async function writeLog(dtype: 'float16' | 'float32', numRows: number): Promise<string> {
  const log = await RowLogWriter.create(folder, dtype);
  for (let i = 0; i < numRows; i++) await log.add(makeRow(i), hash, picture);
  await log.close();
  expect(isLogName(path.basename(log.file))).toBe(true);
  return log.file;
}

it('rows come back, in float32 exactly', async () => {
  const records = await recordsOf(await writeLog('float32', 3));
  expect(records.map(({ header }) => header.imageId)).toEqual(['image_0', 'image_1', 'image_2']);
  expect(records[1]?.header).toMatchObject({ contentHash: hash, picture });
  expect(await readLoggedRow(records[1] as LogRecord)).toEqual(makeRow(1));
});

it('in float16 features are rounded to it and the rest is exact', async () => {
  const [record] = await recordsOf(await writeLog('float16', 1));
  const [row, original] = [await readLoggedRow(record as LogRecord), makeRow(0)];
  expect({ ...row, features: null }).toEqual({ ...original, features: null });
  row.features.forEach((value, i) => {
    expect(Math.abs(value - (original.features[i] as number))).toBeLessThanOrEqual(
      2 ** -11 * Math.abs(value) + 2 ** -25,
    );
  });
});

it('a log cut anywhere holds the rows before the cut', async () => {
  const whole = await writeLog('float16', 3);
  const ends = (await recordsOf(whole)).map(({ bodyStart, bodyBytes }) => bodyStart + bodyBytes);
  const { size } = statSync(whole);
  expect(ends[2]).toBe(size);
  const cut = path.join(folder, 'cut.log');
  for (let length = 0; length <= size; length += 7) {
    copyFileSync(whole, cut);
    truncateSync(cut, length);
    expect(await recordsOf(cut)).toHaveLength(ends.filter((end) => end <= length).length);
  }
  appendFileSync(whole, 'garbage that follows and is long enough for a prefix');
  expect(await recordsOf(whole)).toHaveLength(3);
});

it('a changed byte in a header ends the log; in a body it is told of when the row is read', async () => {
  const file = await writeLog('float32', 2);
  const [, second] = (await recordsOf(file)) as [LogRecord, LogRecord];
  const bytes = readFileSync(file);
  const change = (at: number): void => {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] as number) ^ 1;
    writeFileSync(file, changed);
  };
  change(second.bodyStart - 10);
  expect(await recordsOf(file)).toHaveLength(1);
  change(second.bodyStart + 10);
  const [, damaged] = (await recordsOf(file)) as [LogRecord, LogRecord];
  await expect(readLoggedRow(damaged)).rejects.toThrow(
    /The row of image image_1 in .* is damaged\. Move that file elsewhere/,
  );
});

it('a row that is not sound, or too large for float16, is refused before it is written', async () => {
  const log = await RowLogWriter.create(folder, 'float16');
  const row = makeRow(1);
  await expect(log.add({ ...row, boxes: row.boxes.map(() => -5) }, hash, picture)).rejects.toThrow(
    /leaves the image/,
  );
  const large = { ...row, features: row.features.map(() => 1e6) };
  await expect(log.add(large, hash, picture)).rejects.toThrow(/Give --dtype float32/);
  await log.close();
  expect(statSync(log.file).size).toBe(0);
});
