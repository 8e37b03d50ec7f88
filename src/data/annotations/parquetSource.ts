/** @file A Parquet table as if it were JSON lines: an object for each row, without the columns that hold pictures. */

import { LxmertError } from '../../common/errors.js';
import type { PlacedValue } from '../../formats/lines/jsonLines.js';
import { ParquetTable } from '../../formats/parquet/parquetTable.js';
import type { JsonSource } from './jsonSource.js';

/** Characters that are passed on at once. */
const PIECE_LENGTH = 1 << 18;

/**
 * The rows of a table, with the columns that hold bytes left out and never read. Whole numbers of 64 bits become numbers, or
 * text where a number cannot hold them; times become text; what is absent is left out.
 */
export function parquetSource(file: string): JsonSource {
  return {
    name: file,
    records: () => readRows(file),
    open: () => asLines(readRows(file)),
  };
}

/** Tables one after the other, as the shards of a split are; `name` is what messages call them all. */
export function joinedTables(files: readonly string[], name: string): JsonSource {
  const records = async function* (): AsyncGenerator<PlacedValue> {
    for (const file of files) {
      for await (const { value, place } of readRows(file)) yield { value, place: `${file}, ${place}` };
    }
  };
  return { name, records, open: () => asLines(records()) };
}

async function* readRows(file: string): AsyncGenerator<PlacedValue> {
  const table = await ParquetTable.open(file);
  try {
    const columns = table.columns.filter(({ hasBytes }) => !hasBytes).map(({ name }) => name);
    let number = 0;
    for await (const row of table.rows(columns)) {
      number++;
      yield { value: plain(row, () => `${file}, row ${number}`), place: `row ${number}` };
    }
  } finally {
    await table.close();
  }
}

async function* asLines(rows: AsyncIterable<PlacedValue>): AsyncGenerator<Uint8Array> {
  let text = '';
  for await (const { value } of rows) {
    text += `${JSON.stringify(value)}\n`;
    if (text.length < PIECE_LENGTH) continue;
    yield Buffer.from(text);
    text = '';
  }
  yield Buffer.from(text);
}

/** The value as JSON has it. @throws LxmertError for a time that a Date cannot hold, of which nothing is left */
function plain(value: unknown, where: () => string): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  }
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime()))
      throw new LxmertError(
        `${where()}: a time lies outside the years -271821 to 275760, the only ones that are read. Leave its column out of the table.`,
      );
    return value.toISOString();
  }
  if (Array.isArray(value) || ArrayBuffer.isView(value))
    return Array.from(value as unknown as ArrayLike<unknown>, (each) => plain(each, where));
  const entries = Object.entries(value).filter(([, each]) => each !== null && each !== undefined);
  return Object.fromEntries(entries.map(([key, each]) => [key, plain(each, where)]));
}
