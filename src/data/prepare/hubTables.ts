/** @file Parquet tables as hubs keep data sets: which split a table is of, and the shards of a split as one file. */

import path from 'node:path';
import { UsageError } from '../../common/errors.js';
import { ParquetTable } from '../../formats/parquet/parquetTable.js';
import { joinedTables } from '../annotations/parquetSource.js';
import type { RawFile } from './rawFiles.js';

/** The tables of one split, in order. */
export interface HubSplit {
  /** As the hub calls it: `validation`, `testdev`, `balanced_dev`. */
  readonly split: string;
  /** The folder that the tables lie in, where a hub keeps apart what has other columns: `testdev_balanced_instructions`. */
  readonly folder: string;
  readonly table: RawFile;
}

interface Shard {
  readonly split: string;
  readonly number: number;
  /** Undefined where the name does not say it. */
  readonly numShards: number | undefined;
}

/** Columns that a table must have; of several names one will do. */
export type NeededColumns = readonly (readonly string[])[];

/**
 * The splits among files that are tables. Those without the columns that are needed are passed over, unless they were named
 * by themselves.
 *
 * @param note told of shards that are missing
 * @throws UsageError for a table that was named and has other columns; LxmertError for one that is damaged
 */
export async function hubSplits(
  files: readonly RawFile[],
  needed: NeededColumns,
  note: (line: string) => void,
): Promise<HubSplit[]> {
  const groups = new Map<string, (Shard & { readonly file: string })[]>();
  for (const file of await tablesWith(files, needed)) {
    const shard = shardOf(file);
    const key = path.join(path.dirname(file), shard.split);
    const group = groups.get(key) ?? [];
    groups.set(key, group);
    if (group.every((other) => path.resolve(other.file) !== path.resolve(file)))
      group.push({ ...shard, file });
  }
  return [...groups].map(([place, shards]) => {
    const sorted = shards.toSorted((a, b) => a.number - b.number);
    noteMissing(place, sorted, note);
    const folder = path.basename(path.dirname(path.resolve(place)));
    return {
      split: sorted[0]!.split,
      folder,
      table: asOne(
        sorted.map(({ file }) => file),
        place,
      ),
    };
  });
}

/** All tables with the needed columns as one, in the order in which they were given; undefined for none. */
export async function tablesAsOne(
  files: readonly RawFile[],
  needed: NeededColumns,
): Promise<RawFile | undefined> {
  const tables = await tablesWith(files, needed);
  return tables.length === 0 ? undefined : asOne(tables, tables[0]!);
}

function asOne(tables: readonly string[], name: string): RawFile {
  const [first = ''] = tables;
  const source = joinedTables(tables, tables.length === 1 ? first : `${name} (${tables.length} tables)`);
  return { ...source, baseName: path.basename(first), isNamed: true, location: first, isTable: true };
}

async function tablesWith(files: readonly RawFile[], needed: NeededColumns): Promise<string[]> {
  const found: string[] = [];
  for (const { name, isNamed } of files.filter(({ isTable }) => isTable === true)) {
    const columns = await columnNames(name);
    const missing = needed.filter((names) => !names.some((each) => columns.includes(each)));
    if (missing.length === 0) found.push(name);
    else if (isNamed) {
      const words = missing.map((names) => names.join(' or '));
      throw new UsageError(
        `${name} is a Parquet table without the column${words.length > 1 ? 's' : ''} ${words.join(', ')}; it has ${columns.slice(0, MAX_LISTED).join(', ')}.`,
      );
    }
  }
  return found;
}

/** Columns that a message lists. */
const MAX_LISTED = 20;

async function columnNames(file: string): Promise<string[]> {
  const table = await ParquetTable.open(file);
  await table.close();
  return table.columns.map(({ name }) => name);
}

/**
 * By the names that hubs give: `validation-00003-of-00068-0a1b....parquet`; a number in a folder of the split's name, as
 * converted tables lie (`validation/0003.parquet`); a file of its own name.
 */
export function shardOf(file: string): Shard {
  const stem = path.basename(file).replace(/\.parquet$/i, '');
  const [, split, number, numShards] = /^(.+)-(\d{5})-of-(\d{5})(?:-[0-9a-f]{8,})?$/.exec(stem) ?? [];
  if (split !== undefined) return { split, number: Number(number), numShards: Number(numShards) };
  if (/^\d{4,}$/.test(stem)) {
    const folder = path.basename(path.dirname(path.resolve(file)));
    return { split: folder, number: Number(stem), numShards: undefined };
  }
  return { split: stem, number: 0, numShards: undefined };
}

function noteMissing(place: string, shards: readonly Shard[], note: (line: string) => void): void {
  const numShards = shards[0]?.numShards ?? (shards.at(-1)?.number ?? 0) + 1;
  const there = new Set(shards.map(({ number }) => number));
  if (there.size >= numShards) return;
  const missing = Array.from({ length: numShards }, (_, i) => i).filter((i) => !there.has(i));
  const named = missing.slice(0, MAX_LISTED).join(', ') + (missing.length > MAX_LISTED ? ', ...' : '');
  note(
    `${place}: ${there.size} of its ${numShards} tables are here; without ${named}, counted from 0, the split is not whole.`,
  );
}
