/** @file Parquet tables, as hubs offer data sets: rows as plain objects, one row group in memory at a time. */

import { type FileHandle, open } from 'node:fs/promises';
import {
  type AsyncBuffer,
  type Compressors,
  type FileMetaData,
  parquetMetadataAsync,
  parquetRead,
  parquetSchema,
  type RowGroup,
  type SchemaTree,
} from 'hyparquet';
import { LxmertError, messageOf, unreadable } from '../../common/errors.js';
import { type FillingAccess, type RandomAccess, randomAccessTo } from '../randomAccess.js';
import { decompressors } from './decompressors.js';
import { checkPages, MAX_GROUP_BYTES, rowCount } from './pageCheck.js';
import { columnParts } from './pagedBytes.js';
import { PageScratch } from './pageScratch.js';

/** A top-level column. */
export interface ParquetColumn {
  readonly name: string;
  /** Whether bytes that are no text are in it, as in the pictures of hubs: `image: {bytes, path}`. */
  readonly hasBytes: boolean;
}

/** A row by the names of its columns. */
export type ParquetRow = Readonly<Record<string, unknown>>;

/** Rows that lie together in a table. */
export interface ParquetGroup {
  /** Counted from 0. */
  readonly firstRow: number;
  readonly numRows: number;
  /** @throws as {@link ParquetTable.rows} */
  rows(columns: readonly string[]): Promise<readonly ParquetRow[]>;
  /**
   * One column by itself, some pages at a time however large the group is; of a structure only its bytes, where it has such.
   * Bytes of a row are there until the next row is asked for, and of one column at a time.
   *
   * @throws as {@link ParquetTable.rows}
   */
  column(name: string): AsyncGenerator<ParquetRow, void, undefined>;
}

/** Of a million row groups of a hundred columns, which no table of questions has. */
const MAX_FOOTER_BYTES = 2 ** 26;
/** The mark at both ends. */
const MARK = 'PAR1';
const ENCRYPTED_MARK = 'PARE';

/** An open table. */
export class ParquetTable {
  readonly #scratch = new PageScratch();

  private constructor(
    readonly file: string,
    private readonly handle: FileHandle,
    private readonly bytes: FillingAccess,
    private readonly metadata: FileMetaData,
    readonly columns: readonly ParquetColumn[],
    readonly numRows: number,
  ) {}

  /**
   * @throws UsageError for a file that cannot be opened; LxmertError for one that is cut short, encrypted or has a footer
   *   that cannot be read
   */
  static async open(file: string): Promise<ParquetTable> {
    const handle = await open(file).catch((error: unknown) => {
      throw unreadable(file, error);
    });
    try {
      const bytes = await randomAccessTo(handle);
      await checkEnds(file, bytes);
      const metadata = await parquetMetadataAsync(bufferOf(bytes), { geoparquet: false });
      const columns = columnsOf(metadata);
      return new ParquetTable(file, handle, bytes, metadata, columns, rowCount(metadata));
    } catch (error) {
      await handle.close();
      if (error instanceof LxmertError) throw error;
      throw new LxmertError(
        `${file} is a Parquet table whose footer cannot be read: ${faultOf(error)}. Get it again.`,
        { cause: error },
      );
    }
  }

  /**
   * The rows, in order, with the given columns only. Whole numbers of 64 bits are `bigint`, bytes that are no text
   * `Uint8Array`, what is absent is null.
   *
   * @throws LxmertError for pages that are damaged, or too large to be honest
   */
  async *rows(columns: readonly string[]): AsyncGenerator<ParquetRow> {
    for (const group of this.groups()) yield* await group.rows(columns);
  }

  /** The row groups, of which each is read by itself. */
  *groups(): Generator<ParquetGroup> {
    let firstRow = 0;
    for (const group of this.metadata.row_groups) {
      const about = { firstRow, numRows: Number(group.num_rows) };
      yield {
        ...about,
        rows: (columns) => this.#read(group, about, columns),
        column: (name) => this.#readColumn(group, about, name),
      };
      firstRow += about.numRows;
    }
  }

  async #read(
    group: RowGroup,
    { firstRow, numRows }: Pick<ParquetGroup, 'firstRow' | 'numRows'>,
    columns: readonly string[],
  ): Promise<readonly ParquetRow[]> {
    try {
      return await readGroup(this.bytes, this.metadata, group, columns);
    } catch (error) {
      throw this.#unreadable(firstRow, numRows, error);
    }
  }

  async *#readColumn(
    group: RowGroup,
    about: Pick<ParquetGroup, 'firstRow' | 'numRows'>,
    name: string,
  ): AsyncGenerator<ParquetRow, void, undefined> {
    let numRead = 0;
    try {
      const scratch = this.#scratch;
      const parts = columnParts(this.bytes, this.metadata, group, { column: name, scratch });
      if (parts === undefined) {
        yield* await readGroup(this.bytes, this.metadata, group, [name]);
        return;
      }
      for await (const { bytes, metadata, compressors } of parts) {
        const [part] = metadata.row_groups as [RowGroup];
        const rows = await readGroup(bytes, metadata, part, [name], compressors);
        numRead += rows.length;
        if (numRead > about.numRows) break;
        yield* rows;
      }
      if (numRead !== about.numRows) throw new Error(`the column ${name} has other rows than its group`);
    } catch (error) {
      throw this.#unreadable(about.firstRow, about.numRows, error);
    }
  }

  #unreadable(firstRow: number, numRows: number, cause: unknown): LxmertError {
    return new LxmertError(
      `${this.file}: its rows ${firstRow + 1} to ${firstRow + numRows} cannot be read: ${faultOf(cause)}.`,
      { cause },
    );
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}

/** @throws Error, as the end of a sentence, for pages that are damaged, or too large to be honest */
async function readGroup(
  bytes: RandomAccess,
  metadata: FileMetaData,
  group: RowGroup,
  columns: readonly string[],
  compressors: Compressors = decompressors,
): Promise<readonly ParquetRow[]> {
  let rows: readonly ParquetRow[] = [];
  await checkPages(bytes, parquetSchema(metadata), group, new Set(columns), compressors);
  await parquetRead({
    file: bufferOf(bytes),
    metadata: { ...metadata, num_rows: group.num_rows, row_groups: [group] },
    columns: [...columns],
    compressors,
    utf8: false,
    rowFormat: 'object',
    onComplete: (read) => {
      rows = read;
    },
  });
  return rows;
}

/** @throws LxmertError for a file that does not end as it should, or whose footer is larger than the file or sense */
async function checkEnds(file: string, bytes: RandomAccess): Promise<void> {
  const isLongEnough = bytes.size >= 3 * MARK.length;
  const head = isLongEnough ? textOf(await bytes.read(0, MARK.length)) : '';
  const end = isLongEnough ? Buffer.from(await bytes.read(bytes.size - 8, 8)) : Buffer.alloc(8);
  const mark = textOf(end.subarray(4));
  if (head === ENCRYPTED_MARK || mark === ENCRYPTED_MARK)
    throw new LxmertError(`${file} is an encrypted Parquet table, which is not read.`);
  if (head !== MARK) throw new LxmertError(`${file} is no Parquet table.`);
  if (mark !== MARK)
    throw new LxmertError(
      `${file} begins as a Parquet table and does not end as one: its end is missing. Get it again.`,
    );
  const numFooterBytes = end.readUInt32LE(0);
  if (numFooterBytes > Math.min(MAX_FOOTER_BYTES, bytes.size - 12)) {
    throw new LxmertError(
      `${file} is a Parquet table that states a footer of ${numFooterBytes} bytes, in a file of ${bytes.size}: no honest one has that. Get it again.`,
    );
  }
}

/** What went wrong. What JavaScript says of values that are not there is for nobody. */
function faultOf(error: unknown): string {
  const message = messageOf(error);
  const isOdd = error instanceof TypeError || error instanceof RangeError || /\bundefined\b/.test(message);
  return isOdd ? 'its bytes are not those of a table' : message.replace(/^(parquet|thrift) /, '');
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

/** What the library reads from. */
function bufferOf({ size, read }: RandomAccess): AsyncBuffer {
  return {
    byteLength: size,
    async slice(start, end = size) {
      if (!(start >= 0 && start <= end && end <= size)) throw new Error('it points outside the file');
      if (end - start > MAX_GROUP_BYTES) throw new Error('a part of it is larger than a row group may be');
      const bytes = await read(start, end - start);
      // Small buffers share one piece of memory; a large one need not be there twice.
      if (bytes.byteLength === bytes.buffer.byteLength) return bytes.buffer as ArrayBuffer;
      return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
    },
  };
}

function columnsOf(metadata: FileMetaData): ParquetColumn[] {
  return parquetSchema(metadata).children.map((column) => ({
    name: column.element.name,
    hasBytes: hasBytes(column),
  }));
}

function hasBytes({ element, children }: SchemaTree): boolean {
  if (children.length > 0) return children.some(hasBytes);
  if (element.type === 'FIXED_LEN_BYTE_ARRAY')
    return element.converted_type !== 'DECIMAL' && element.logical_type?.type !== 'FLOAT16';
  if (element.type !== 'BYTE_ARRAY') return false;
  const isText = element.converted_type !== undefined && element.converted_type !== 'BSON';
  return !isText && !['STRING', 'ENUM', 'JSON'].includes(element.logical_type?.type ?? '');
}
