/** @file Bounds of a Parquet table's pages, looked at before their values are: a few bytes may claim to be billions of them. */

import type { ColumnMetaData, Compressors, FileMetaData, PageHeader, RowGroup, SchemaTree } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { decompressPage } from 'hyparquet/src/datapage.js';
import { getMaxDefinitionLevel, getMaxRepetitionLevel, getTreePath } from 'hyparquet/src/schema.js';
import type { RandomAccess } from '../randomAccess.js';
import { decompressors } from './decompressors.js';
import { walkRuns } from './runs.js';

/** Bytes that the columns of one row group may be, packed or unpacked. */
export const MAX_GROUP_BYTES = 2 ** 30;
/** Values of all columns of one row group, each counted once for each level that it is nested in. */
const MAX_GROUP_VALUES = 2 ** 26;
const MAX_GROUP_ROWS = 2 ** 21;
/** Lists in structures in lists: no table of questions is deeper. */
const MAX_DEPTH = 10;

/** How values lie in a page. Others are left out: one of them lets each value begin with the one before, without bound. */
const ENCODINGS: readonly string[] = [
  'PLAIN',
  'PLAIN_DICTIONARY',
  'RLE_DICTIONARY',
  'RLE',
  'DELTA_BINARY_PACKED',
  'DELTA_LENGTH_BYTE_ARRAY',
  'BYTE_STREAM_SPLIT',
];

/** What the pages of several columns amount to. */
interface Amount {
  numBytes: number;
  numValues: number;
}

interface Column {
  readonly about: ColumnMetaData;
  readonly name: string;
  readonly path: SchemaTree[];
  readonly compressors: Compressors;
}

/**
 * Looks through the pages of some columns of a row group.
 *
 * @param columns names of top-level columns
 * @throws Error, as the end of a sentence, for columns that lie outside the file, pages that reach beyond their column, runs
 *   beyond their page, and more than a row group may hold
 */
export async function checkPages(
  file: RandomAccess,
  schema: SchemaTree,
  group: RowGroup,
  columns: ReadonlySet<string>,
  compressors: Compressors = decompressors,
): Promise<void> {
  if (Number(group.num_rows) > MAX_GROUP_ROWS)
    throw new Error(`a row group may have ${MAX_GROUP_ROWS} rows. Write the table with smaller row groups`);
  const amount: Amount = { numBytes: 0, numValues: 0 };
  for (const { meta_data: about } of group.columns) {
    if (about === undefined) throw new Error('a column has no description');
    if (!columns.has(about.path_in_schema[0] ?? '')) continue;
    const name = about.path_in_schema.join('.');
    const path = getTreePath(schema, about.path_in_schema);
    if (path.length > MAX_DEPTH) throw new Error(`the column ${name} is nested ${path.length} levels deep`);
    const numValues = await checkColumn(file, { about, name, path, compressors }, amount);
    // Of each row there is a value, or the mark that there is none.
    if (numValues < Number(group.num_rows)) throw new Error(`the column ${name} has ${numValues} values`);
  }
}

/** @returns the column's values, without those of its dictionary */
async function checkColumn(file: RandomAccess, column: Column, amount: Amount): Promise<number> {
  const { about, name, path } = column;
  // Some writers state 0 for no dictionary.
  const start = Number(about.dictionary_page_offset || about.data_page_offset);
  const end = start + Number(about.total_compressed_size);
  if (!(start >= 4 && start <= end && end <= file.size))
    throw new Error(`the column ${name} lies outside the file`);
  requireBounded({ numBytes: end - start, numValues: 0 }, name);
  const bytes = await file.read(start, end - start);
  const reader = readerOf(bytes);
  let numColumnValues = 0;
  while (reader.offset < bytes.length - 1) {
    const header = parquetHeader(reader);
    const { compressed_page_size: packed, uncompressed_page_size: unpacked } = header;
    const data = header.data_page_header ?? header.data_page_header_v2;
    const numValues = (data ?? header.dictionary_page_header)?.num_values ?? 0;
    if (!(packed >= 0 && unpacked >= 0 && numValues >= 0) || reader.offset + packed > bytes.length)
      throw new Error(`a page of the column ${name} reaches beyond it`);
    amount.numBytes += unpacked;
    amount.numValues += numValues * (path.length - 1);
    requireBounded(amount, name);
    if (data !== undefined) {
      if (!ENCODINGS.includes(data.encoding))
        throw new Error(`the column ${name} is stored as ${data.encoding}, which is not read`);
      checkRuns(bytes.subarray(reader.offset, reader.offset + packed), header, column);
      numColumnValues += numValues;
    }
    reader.offset += packed;
  }
  return numColumnValues;
}

/** Looks at the runs of a page: which values of a list begin a row, which are absent, which stand in the dictionary. */
function checkRuns(packed: Uint8Array, header: PageHeader, { about, path, compressors }: Column): void {
  const levels = { repetition: getMaxRepetitionLevel(path), definition: getMaxDefinitionLevel(path) };
  const { data_page_header: first, data_page_header_v2: second, uncompressed_page_size: size } = header;
  const unpack = (bytes: Uint8Array, length: number): Uint8Array =>
    decompressPage(bytes, length, about.codec, compressors);
  if (first !== undefined) {
    const page = readerOf(unpack(packed, size));
    if (levels.repetition > 0) walkSized(page, widthOf(levels.repetition), first.num_values);
    const numPresent =
      levels.definition > 0
        ? walkSized(page, widthOf(levels.definition), first.num_values, levels.definition)
        : first.num_values;
    walkValues(page, first.encoding, numPresent);
  } else if (second !== undefined) {
    const { num_values, num_nulls, encoding, is_compressed } = second;
    const numRepetition = second.repetition_levels_byte_length;
    const numLevels = numRepetition + second.definition_levels_byte_length;
    if (!(num_nulls >= 0 && num_nulls <= num_values && numRepetition >= 0 && numLevels <= packed.length))
      throw new Error('a page does not have the values that it states');
    if (levels.repetition > 0) walkRuns(readerOf(packed), widthOf(levels.repetition), num_values);
    if (levels.definition > 0)
      walkRuns(readerOf(packed.subarray(numRepetition)), widthOf(levels.definition), num_values);
    const values = packed.subarray(numLevels);
    const isPacked = is_compressed !== false && size > numLevels;
    const page = isPacked ? unpack(values, size - numLevels) : values;
    walkValues(readerOf(page), encoding, num_values - num_nulls);
  }
}

type Reader = ReturnType<typeof readerOf>;

function readerOf(bytes: Uint8Array) {
  return { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
}

/** Runs behind the number of their bytes. */
function walkSized(reader: Reader, width: number, numValues: number, counted?: number): number {
  const length = reader.view.getUint32(reader.offset, true);
  reader.offset += 4;
  const start = reader.offset;
  const numCounted = walkRuns(reader, width, numValues, counted);
  reader.offset = start + length;
  return numCounted;
}

function walkValues(reader: Reader, encoding: string, numValues: number): void {
  if (numValues === 0) return;
  if (encoding === 'RLE') walkSized(reader, 1, numValues);
  if (!encoding.endsWith('_DICTIONARY')) return;
  const width = reader.view.getUint8(reader.offset++);
  if (width > 32) throw new Error(`places in a dictionary of ${width} bits`);
  if (width > 0) walkRuns(reader, width, numValues);
}

function widthOf(maxLevel: number): number {
  return 32 - Math.clz32(maxLevel);
}

function requireBounded({ numBytes, numValues }: Amount, column: string): void {
  if (numBytes <= MAX_GROUP_BYTES && numValues <= MAX_GROUP_VALUES) return;
  throw new Error(
    `its columns up to ${column} are more than ${MAX_GROUP_BYTES} bytes or ${MAX_GROUP_VALUES} values. Write the table with smaller row groups`,
  );
}

/** Rows as the footer counts them. @throws Error when its counts do not agree */
export function rowCount({ num_rows: stated, row_groups: groups }: FileMetaData): number {
  const counts = groups.map(({ num_rows: rows }) => Number(rows));
  const sum = counts.reduce((total, rows) => total + rows, 0);
  if (counts.some((rows) => !(rows >= 0)) || sum !== Number(stated))
    throw new Error(`it states ${stated} rows, and its row groups have ${sum}`);
  return sum;
}
