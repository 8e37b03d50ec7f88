/** @file Ids by which questions know pictures, for feature files that have bare numbers: from lists of questions, or by a pattern. */

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { LxmertError, messageOf, UsageError, unreadable } from '../common/errors.js';
import { parseJson } from '../formats/jsonFault.js';

/** What takes the place of a file's own ids. */
export interface ImageIdMap {
  /** Recorded in shards, and compared when a conversion goes on. */
  readonly description: string;
  /** The id by which questions know the picture; undefined when there is none. */
  partnerOf(imageId: string): string | undefined;
}

/**
 * `COCO_val2014_%012d`: bare numbers become ids with so many digits; whatever is no bare number keeps its id.
 *
 * @throws UsageError for a pattern without one place for a number
 */
export function idsByPattern(pattern: string): ImageIdMap {
  const [, before, digits, after] = /^([^%]*)%(?:0(\d{1,2}))?d([^%]*)$/.exec(pattern) ?? [];
  if (before === undefined || after === undefined)
    throw new UsageError(
      `--id-pattern should hold one place for the number, such as COCO_val2014_%012d (12 digits) or %d; found '${pattern}'.`,
    );
  return {
    description: pattern,
    partnerOf: (imageId) =>
      /^\d+$/.test(imageId)
        ? `${before}${imageId.replace(/^0+(?=\d)/, '').padStart(Number(digits ?? 0), '0')}${after}`
        : undefined,
  };
}

/** What lists of this project's questions call their pictures by. */
const ID_FIELDS = ['img_id', 'img0', 'img1'] as const;

/**
 * The pictures of lists of questions (`train.json`, `minival.json`), by the last number of their ids:
 * `262148` becomes `COCO_val2014_000000262148`.
 *
 * @throws UsageError for a file that is no such list; LxmertError when two pictures have one number
 */
export function idsFromQuestions(files: readonly string[]): ImageIdMap {
  const all = new Set<string>();
  for (const file of files) for (const imageId of readImageIds(file)) all.add(imageId);
  const byNumber = new Map<string, string>();
  for (const imageId of all) {
    const number = lastNumberOf(imageId);
    if (number === undefined) continue;
    const other = byNumber.get(number);
    if (other !== undefined)
      throw new LxmertError(
        `${other} and ${imageId}, both named by questions, have the number ${number}: which of them a bare number is, cannot be told. ` +
          'Give the questions of one set of pictures to --ids-from.',
      );
    byNumber.set(number, imageId);
  }
  return {
    description: files.map((file) => path.basename(file)).join(','),
    partnerOf(imageId) {
      if (all.has(imageId)) return imageId;
      const number = lastNumberOf(imageId);
      return number === undefined ? undefined : byNumber.get(number);
    },
  };
}

/** The digits at the end of an id, without zeros before them; NLVR2's ids, whose last number tells none apart, have none. */
function lastNumberOf(imageId: string): string | undefined {
  if (/-img[01]$/.test(imageId)) return undefined;
  return /(\d+)$/.exec(imageId)?.[1]?.replace(/^0+(?=\d)/, '');
}

function readImageIds(file: string): Set<string> {
  const items = readList(file);
  const ids = new Set<string>();
  for (const item of items) {
    for (const field of ID_FIELDS) {
      const imageId =
        typeof item === 'object' && item !== null ? (item as Record<string, unknown>)[field] : undefined;
      if (typeof imageId === 'string' || typeof imageId === 'number') ids.add(String(imageId));
    }
  }
  if (ids.size > 0) return ids;
  throw new UsageError(
    `${file} should be a list of questions that name their pictures by img_id, as lxmert prepare writes them; it names none.`,
  );
}

function readList(file: string): readonly unknown[] {
  try {
    const value = parseJson(readFileSync(file, 'utf8'));
    return Array.isArray(value) ? value : [];
  } catch (error) {
    if (error instanceof Error && 'code' in error) throw unreadable(file, error);
    throw new UsageError(`${file} should be a list of questions: ${messageOf(error)}.`, { cause: error });
  }
}
