/** @file Rows that a conversion leaves out, in a list beside the shards, so that one that goes on another time knows them. */

import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../common/atomicFile.js';
import { hasErrorCode, LxmertError } from '../common/errors.js';
import type { BrokenRow } from './obj36Reader.js';

/** The list's name in the store's folder: one JSON object a line. */
export const BROKEN_ROWS_FILE = 'left-out.jsonl';

/** So many are left out whatever their share. */
const ALWAYS_ALLOWED = 10;
/** Beyond this share of the rows it is not some of them that are damaged. */
const MAX_SHARE = 0.1;

const schema = z.object({
  line: z.int(),
  start: z.int(),
  imageId: z.string().nullable(),
  message: z.string(),
});

/** The list of one store. */
export class BrokenRows {
  private constructor(
    private readonly file: string,
    private readonly list: BrokenRow[],
  ) {}

  /**
   * The list as far as whole shards go; what lies behind is met again.
   *
   * @param toByte of the source, up to where shards hold its rows
   */
  static async open(folder: string, toByte: number): Promise<BrokenRows> {
    const file = path.join(folder, BROKEN_ROWS_FILE);
    const found = readList(file);
    const kept = found.filter(({ start }) => start < toByte);
    if (kept.length === 0) rmSync(file, { force: true });
    else if (kept.length < found.length)
      await writeFileAtomic(file, kept.map((row) => `${JSON.stringify(row)}\n`).join(''));
    return new BrokenRows(file, kept);
  }

  get rows(): readonly BrokenRow[] {
    return this.list;
  }

  /**
   * Lists a row, on the disk before any later shard.
   *
   * @param numSound rows read so far that are sound
   * @throws LxmertError when too many are broken
   */
  add(row: BrokenRow, numSound: number): void {
    this.list.push(row);
    mkdirSync(path.dirname(this.file), { recursive: true });
    const handle = openSync(this.file, 'a');
    try {
      writeSync(handle, `${JSON.stringify(row)}\n`);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    const numBroken = this.list.length;
    if (numBroken > ALWAYS_ALLOWED && numBroken > MAX_SHARE * (numBroken + numSound))
      throw new LxmertError(
        `${numBroken} of ${numBroken + numSound} rows are broken, more than one in ten: the file as a whole is damaged or of ` +
          `another form, and --keep-going is for single rows. The first: ${this.list[0]?.message}`,
      );
  }
}

function readList(file: string): BrokenRow[] {
  try {
    // A line that a kill cut short is met again with its row.
    return readFileSync(file, 'utf8')
      .split('\n')
      .flatMap((line) => {
        const parsed = schema.safeParse(parseOrNull(line));
        return parsed.success ? [parsed.data] : [];
      });
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT') || hasErrorCode(error, 'ENOTDIR')) return [];
    throw error;
  }
}

function parseOrNull(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
