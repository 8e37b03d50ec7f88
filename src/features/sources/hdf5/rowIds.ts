/** @file Which picture each row of an array is of: a pickle or JSON file beside it, as bottom-up-attention-vqa writes one. */

import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { readPlainPickle } from '../../../checkpoint/pickle/index.js';
import { LxmertError, messageOf, UsageError, unreadable } from '../../../common/errors.js';
import { readContentKind } from '../../../formats/contentKind.js';
import { parseJson } from '../../../formats/jsonFault.js';

export interface RowIds {
  /** The file that says so. */
  readonly file: string;
  /** Image ids in the order of their rows. */
  readonly ids: readonly string[];
  /** The row of each. */
  readonly places: readonly number[];
  readonly notes: readonly string[];
}

/** 123,287 pictures take 2 MB. */
const MAX_BYTES = 1 << 28;

/**
 * @param arrays the file whose rows they are
 * @param stated the file of ids, where a flag names it
 * @throws UsageError when there is none; LxmertError when it says something else
 */
export function readRowIds(arrays: string, numRows: number, stated: string | undefined): RowIds {
  const file = stated ?? findBeside(arrays);
  const entries = readEntries(file);
  const places = [...entries].sort(([, a], [, b]) => a - b);
  places.forEach(([id, row], i) => {
    if (!Number.isInteger(row) || row < 0 || row >= numRows)
      throw new LxmertError(
        `${file}: image ${id} should have a row from 0 to ${numRows - 1}; it has ${row}.`,
      );
    if (row === places[i - 1]?.[1])
      throw new LxmertError(`${file}: images ${places[i - 1]?.[0]} and ${id} have the same row ${row}.`);
  });
  if (places.length === 0) throw new LxmertError(`${file} names no image.`);
  const numLeft = numRows - places.length;
  return {
    file: path.basename(file),
    ids: places.map(([id]) => id),
    places: places.map(([, row]) => row),
    notes: numLeft > 0 ? [`${numLeft} of ${numRows} rows have no id and are left out`] : [],
  };
}

/** `train36.hdf5` -> `train36_imgid2idx.pkl`, or `.json`. */
function findBeside(arrays: string): string {
  const stem = arrays.replace(/\.[^./]+$/, '');
  const candidates = ['.pkl', '.json'].map((ending) => `${stem}_imgid2idx${ending}`);
  const found = candidates.find((file) => existsSync(file));
  if (found === undefined)
    throw new UsageError(
      `${arrays} does not say which picture each row is of; that stands in a file beside it, and there is no ${candidates.join(' or ')}. ` +
        'Name it with --row-ids FILE of lxmert features convert: a pickle or JSON of image ids and their rows.',
    );
  return found;
}

/** Rows by image id. */
function readEntries(file: string): [string, number][] {
  let value: unknown;
  try {
    if (statSync(file).size > MAX_BYTES) throw new LxmertError('it is far too large for ids and rows');
    const { kind, name } = readContentKind(file);
    // The first protocol of pickles is text.
    if (kind === 'pickle' || kind === 'text') value = readPlainPickle(readFileSync(file));
    else if (kind === 'jsonObject' || kind === 'jsonArray') value = parseJson(readFileSync(file, 'utf8'));
    else throw new LxmertError(`it is ${name}`);
  } catch (error) {
    if (error instanceof Error && 'code' in error) throw unreadable(file, error);
    throw new LxmertError(
      `${file} should say which row each image has, as a pickle or JSON of ids and rows; it cannot be read: ${messageOf(error)}`,
      { cause: error },
    );
  }
  const entries = entriesOf(value);
  if (entries === undefined)
    throw new LxmertError(
      `${file} should hold image ids with the number of their rows; it holds something else.`,
    );
  return entries;
}

/** A dictionary of ids, or a list of ids in the order of the rows. */
function entriesOf(value: unknown): [string, number][] | undefined {
  const pairs: [unknown, unknown][] = Array.isArray(value)
    ? value.map((id, row) => [id, row])
    : value instanceof Map
      ? [...value]
      : typeof value === 'object' && value !== null
        ? Object.entries(value)
        : [[undefined, undefined]];
  const entries = pairs.flatMap(([id, row]): [string, number][] =>
    (typeof id === 'string' || typeof id === 'number' || typeof id === 'bigint') && typeof row === 'number'
      ? [[String(id), row]]
      : [],
  );
  return entries.length === pairs.length ? entries : undefined;
}
