/** @file Sizes of pictures out of another file, for features that come without: COCO's annotations, GQA's and Visual Genome's lists. */

import { readFileSync, statSync } from 'node:fs';
import { LxmertError, messageOf, unreadable } from '../../common/errors.js';
import { readContentKind } from '../../formats/contentKind.js';
import { parseJson } from '../../formats/jsonFault.js';
import { imageIdOf } from '../imageId.js';
import { MAX_IMAGE_SIDE } from '../row.js';
import type { PictureSize } from './indexedRows.js';

/** The text of a string that Node.js holds; instances_train2014.json takes 332 MB. */
const MAX_BYTES = 500_000_000;

/**
 * Reads sizes by image id: of JSON lists and objects whose entries have `height` and `width`, or of lines with a name, a
 * tab and such an entry (`hw.tsv` of Oscar).
 *
 * @returns by the id, and where an entry has a file name by that name up to its first dot too
 * @throws LxmertError for a file of anything else; UsageError when there is none
 */
export function readPictureSizes(file: string): ReadonlyMap<string, PictureSize> {
  const sizes = new Map<string, PictureSize>();
  for (const [id, entry] of readEntries(file)) addSize(sizes, id, entry);
  if (sizes.size === 0)
    throw new LxmertError(
      `${file} has no sizes of pictures: expected entries with an id, height and width, such as the images of COCO's annotations.`,
    );
  return sizes;
}

type Entry = readonly [id: string | undefined, entry: unknown];

function readEntries(file: string): Entry[] {
  try {
    const { size } = statSync(file);
    if (size > MAX_BYTES)
      throw new Error(
        `it has ${size} bytes, more than ${MAX_BYTES}; captions of COCO name the same pictures`,
      );
    const { kind, name } = readContentKind(file);
    if (kind === 'jsonObject' || kind === 'jsonArray')
      return entriesOf(parseJson(readFileSync(file, 'utf8')));
    if (kind === 'text') return entriesOfLines(readFileSync(file, 'utf8'));
    throw new Error(`it is ${name}`);
  } catch (error) {
    if (error instanceof Error && 'code' in error) throw unreadable(file, error);
    throw notSizes(file, error);
  }
}

/** The same out of the text of a table (`hw.tsv`), called by its name. @throws LxmertError for anything else */
export function readSizesTable(name: string, text: string): ReadonlyMap<string, PictureSize> {
  const sizes = new Map<string, PictureSize>();
  try {
    for (const [id, entry] of entriesOfLines(text)) addSize(sizes, id, entry);
    return sizes;
  } catch (error) {
    throw notSizes(name, error);
  }
}

function notSizes(file: string, cause: unknown): LxmertError {
  return new LxmertError(
    `${file} should hold the sizes of pictures as JSON; it cannot be read: ${messageOf(cause)}.`,
    { cause },
  );
}

function entriesOf(value: unknown): Entry[] {
  if (Array.isArray(value)) return value.map((entry): Entry => [undefined, entry]);
  const { images } = value as { readonly images?: unknown };
  if (Array.isArray(images)) return entriesOf(images);
  return Object.entries(value as object);
}

function entriesOfLines(text: string): Entry[] {
  return text
    .split(/\r?\n/)
    .filter((line) => line !== '')
    .map((line, i): Entry => {
      const [name, json] = line.split('\t', 2) as [string, string | undefined];
      if (json === undefined) throw new Error(`line ${i + 1} is not divided by a tab`);
      const value = parseJson(json);
      return [name, Array.isArray(value) ? value[0] : value];
    });
}

function addSize(sizes: Map<string, PictureSize>, key: string | undefined, entry: unknown): void {
  if (typeof entry !== 'object' || entry === null) return;
  const { height, width, id, image_id, file_name } = entry as Readonly<Record<string, unknown>>;
  if (!isSide(height) || !isSide(width)) return;
  const size = { height, width };
  for (const name of [key, id ?? image_id])
    if (typeof name === 'string' || typeof name === 'number') sizes.set(String(name), size);
  if (typeof file_name === 'string') sizes.set(imageIdOf(file_name), size);
}

function isSide(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MAX_IMAGE_SIDE;
}
