/** @file What is UNITER's own: the names that its features give pictures, and the file that counts their boxes. */

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { hasErrorCode, LxmertError, messageOf } from '../../common/errors.js';
import { parseJson } from '../../formats/jsonFault.js';
import { imageIdOf } from '../imageId.js';
import type { PictureRecord } from './pictureFields.js';

/**
 * The id by which questions know a picture: `nlvr2_dev-850-0-img0.npz` -> `dev-850-0-img0`,
 * `coco_train2014_000000132417.npz` -> `COCO_train2014_000000132417`, `vg_2375429.npz` -> `2375429`; anything else up to its
 * first dot.
 */
export function uniterIdOf(name: string): string {
  return imageIdOf(name)
    .replace(/^(nlvr2|vg|gqa)_(?=.)/, '')
    .replace(/^coco_/, 'COCO_');
}

/** What the first .npz file tells of all: what its name is the id of, and phrases. */
export interface ArchiveForm {
  idOf(name: string): string;
  readonly notes: readonly string[];
}

/** @param first reads the first record; one that cannot be read is met again */
export async function archiveFormOf(first: () => Promise<PictureRecord>): Promise<ArchiveForm> {
  try {
    const record = await first();
    if (record.has('norm_bb') && record.has('soft_labels')) return { idOf: uniterIdOf, notes: [UNITER_NOTE] };
  } catch (error) {
    if (!(error instanceof LxmertError)) throw error;
  }
  return { idOf: imageIdOf, notes: [] };
}

const UNITER_NOTE =
  "npz files as UNITER's: conf is not read, objects are the likeliest of soft_labels without background";

/** How many boxes of each picture are used, by the names of the entries. */
interface UniterCounts {
  /** The file's name. */
  readonly file: string;
  readonly counts: ReadonlyMap<string, number>;
}

/**
 * The counts beside a database: `nbb_th0.2_max100_min10.json` beside `feat_th0.2_max100_min10`.
 *
 * @returns undefined where there is no such file
 * @throws LxmertError for one that is not understood
 */
export function readUniterCounts(database: string): UniterCounts | undefined {
  const folder = path.resolve(database);
  const [, threshold] = /^feat_(.+?)(_compressed)?$/.exec(path.basename(folder)) ?? [];
  if (threshold === undefined) return undefined;
  const file = path.join(path.dirname(folder), `nbb_${threshold}.json`);
  try {
    const found = parseJson(readFileSync(file, 'utf8'));
    const entries = Object.entries(found ?? {});
    if (!entries.every((entry): entry is [string, number] => Number.isInteger(entry[1])))
      throw new Error('it should hold a whole number for each file');
    return { file: path.basename(file), counts: new Map(entries) };
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return undefined;
    throw new LxmertError(`${file} should count the boxes of each picture, but: ${messageOf(error)}.`, {
      cause: error,
    });
  }
}
