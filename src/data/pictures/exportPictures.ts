/** @file The pictures of Parquet tables as files, each once, under the ids that questions about them have. */

import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { makeFolder } from '../../common/makeFolder.js';
import type { Progress } from '../../common/progress.js';
import { aboutFile } from '../../common/systemFault.js';
import { type ContentKindName, contentKindOf } from '../../formats/contentKind.js';
import { type ParquetGroup, ParquetTable } from '../../formats/parquet/parquetTable.js';
import { pictureColumns } from './pictureColumns.js';

export interface ExportPicturesOptions {
  /** Parquet tables. */
  readonly tables: readonly string[];
  readonly folder: string;
  /** The half of COCO that images of VQA are of, where the tables' names do not tell it. */
  readonly half?: string | undefined;
  /** Told rows done and rows in all. */
  readonly progress?: Progress | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ExportedPictures {
  readonly folder: string;
  readonly numWritten: number;
  /** Bytes that were written. */
  readonly numBytes: number;
  /** Pictures that an earlier run wrote. */
  readonly numThere: number;
  /** Rows whose picture another row has too: several questions about one. */
  readonly numRepeated: number;
  /** What was left out, and why. */
  readonly problems: readonly string[];
}

/** Kinds that are written, with the ending of their names. */
const ENDINGS: Partial<Record<ContentKindName, string>> = {
  jpeg: '.jpg',
  png: '.png',
  webp: '.webp',
  gif: '.gif',
  tiff: '.tif',
  avif: '.avif',
  bmp: '.bmp',
};

/** An id as a file name: a picture's id is its file name up to the first dot, and no path leads anywhere else. */
const SAFE_ID = /^[A-Za-z0-9_][\w-]{0,199}$/;

/**
 * Writes each picture under its id, with the ending of what it is. Ids that have a picture in the folder already are left
 * alone, so the same call goes on where an earlier one stopped.
 *
 * @throws LxmertError for a table that is damaged or without pictures; the system's error for a full disk
 */
export async function exportPictures(options: ExportPicturesOptions): Promise<ExportedPictures> {
  const tables: ParquetTable[] = [];
  try {
    for (const file of options.tables) tables.push(await ParquetTable.open(file));
    const numRows = tables.reduce((sum, table) => sum + table.numRows, 0);
    // What a table has is known before anything is written.
    const named = tables.map((table) => pictureColumns(table.file, table.columns, options.half));
    makeFolder(options.folder);
    const writer = new PictureWriter(options.folder);
    let numDone = 0;
    for (const [i, table] of tables.entries()) {
      for (const group of table.groups()) {
        options.signal?.throwIfAborted();
        await writeGroup(table, group, named[i]!, writer);
        numDone += group.numRows;
        options.progress?.update(numDone, numRows);
      }
    }
    return { folder: options.folder, ...writer.counts, problems: writer.problems };
  } finally {
    for (const table of tables) await table.close();
  }
}

async function writeGroup(
  table: ParquetTable,
  group: ParquetGroup,
  { pictures, texts }: ReturnType<typeof pictureColumns>,
  writer: PictureWriter,
): Promise<void> {
  // Ids first: pictures of a group that are all there are not read.
  const ids = (await group.rows(texts)).map((row) => pictures.map(({ idOf }) => idOf(row)));
  if (ids.flat().every((id) => id !== undefined && writer.isThere(id))) {
    for (const id of ids.flat()) writer.countThere(id!);
    return;
  }
  for (const [k, { name }] of pictures.entries()) {
    let i = 0;
    for await (const row of group.column(name)) {
      const place = `${table.file}, row ${group.firstRow + i + 1}`;
      await writer.write(ids[i]?.[k], bytesOf(row[name]), pictures.length > 1 ? `${place}, ${name}` : place);
      i++;
    }
  }
}

/** A picture as hubs have it, `{bytes, path}`, or its bytes alone. */
function bytesOf(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value;
  const { bytes } = (value ?? {}) as { readonly bytes?: unknown };
  return bytes instanceof Uint8Array ? bytes : undefined;
}

class PictureWriter {
  readonly problems: string[] = [];
  readonly counts = { numWritten: 0, numBytes: 0, numThere: 0, numRepeated: 0 };
  /** Ids that had a picture before. */
  readonly #there = new Set<string>();
  /** What each id's picture is, in this run. */
  readonly #seen = new Map<string, string>();

  constructor(private readonly folder: string) {
    const endings = Object.values(ENDINGS);
    for (const name of readdirSync(folder)) {
      const { name: id, ext } = path.parse(name);
      // What a machine that lost its power leaves is empty.
      if (endings.includes(ext) && statSync(path.join(folder, name)).size > 0) this.#there.add(id);
    }
  }

  isThere(id: string): boolean {
    return this.#there.has(id) || this.#seen.has(id);
  }

  countThere(id: string): void {
    if (this.#seen.has(id)) this.counts.numRepeated++;
    else this.counts.numThere++;
    this.#seen.set(id, this.#seen.get(id) ?? '');
  }

  async write(id: string | undefined, bytes: Uint8Array | undefined, place: string): Promise<void> {
    if (bytes === undefined) return void this.problems.push(`${place}: there is no picture.`);
    if (id === undefined) return void this.problems.push(`${place}: nothing gives the picture an id.`);
    if (!SAFE_ID.test(id)) {
      this.problems.push(
        `${place}: '${id.slice(0, 60)}' cannot be the name of a file; letters, digits, _ and - can.`,
      );
      return;
    }
    const { kind, name } = contentKindOf(bytes);
    const ending = ENDINGS[kind];
    if (ending === undefined) return void this.problems.push(`${place}: the picture of ${id} is ${name}.`);
    const hash = createHash('sha1').update(bytes).digest('base64');
    const seen = this.#seen.get(id);
    if (seen !== undefined) {
      this.counts.numRepeated++;
      if (seen !== '' && seen !== hash)
        this.problems.push(
          `${place}: the picture of ${id} is another than in a row before; the first is kept.`,
        );
      return;
    }
    this.#seen.set(id, hash);
    if (this.#there.has(id)) {
      this.counts.numThere++;
      return;
    }
    await writeWhole(path.join(this.folder, id + ending), bytes);
    this.counts.numWritten++;
    this.counts.numBytes += bytes.length;
  }
}

/** Under another name until it is whole: what has its own is. */
async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  const { dir, base } = path.parse(file);
  const own = path.join(dir, `.${base}.${randomBytes(6).toString('hex')}.partial`);
  try {
    await writeFile(own, bytes, { flag: 'wx' });
    await rename(own, file);
  } catch (error) {
    await rm(own, { force: true });
    throw aboutFile(error, file);
  }
}
