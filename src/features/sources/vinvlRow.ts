/** @file One line of VinVL's and Oscar's tables: a key, then vectors in base64, or JSON with vectors or objects in it. */

import { LxmertError, messageOf } from '../../common/errors.js';
import { excerptOfJson } from '../../common/excerpt.js';
import { decodeBase64 } from '../../formats/base64.js';
import { parseJson } from '../../formats/jsonFault.js';
import { floatsOf } from '../../formats/numberArray.js';
import { MAX_BOXES } from '../row.js';
import type { PictureSize, RawRow } from './indexedRows.js';
import { splitVectors } from './vinvlVectors.js';

const TAB = 0x09;

/** A line in its fields. */
export interface VinvlLine {
  readonly imageId: string;
  /** Of three columns, the second. */
  readonly numBoxes: string | undefined;
  /** The last column. */
  readonly content: Buffer;
}

/** The fields of a line; undefined for one that is not a row of these tables. */
export function readVinvlLine(line: Buffer): VinvlLine | undefined {
  const first = line.indexOf(TAB);
  if (first < 1) return undefined;
  const imageId = line.toString('utf8', 0, first).trim();
  const second = line.indexOf(TAB, first + 1);
  if (second < 0) return { imageId, numBoxes: undefined, content: line.subarray(first + 1) };
  return {
    imageId,
    numBoxes: line.toString('latin1', first + 1, second).trim(),
    content: line.subarray(second + 1),
  };
}

/** Whether the first bytes of a file begin such a table. */
export function beginsVinvlTable(head: Buffer): boolean {
  const text = head.toString('latin1').replace(/^\xef\xbb\xbf/, '');
  return /^[^\t\n]+\t(\{|\d{1,4}\t[A-Za-z0-9+/]{64})/.test(text);
}

/** Whether a row has boxes in pixels, so that the sizes of pictures are needed. */
export function isObjectRow({ content, numBoxes }: VinvlLine): boolean {
  return numBoxes === undefined && /^\s*\{\s*"objects"/.test(content.toString('latin1', 0, 64));
}

/** @throws LxmertError, without file and place, for a row that cannot be read */
export function readVinvlRow(line: VinvlLine, size: PictureSize | undefined): RawRow {
  const { imageId, numBoxes, content } = line;
  if (numBoxes !== undefined) return { imageId, ...size, ...readVectors(content, numBoxes) };
  const value = parse(content);
  const { objects, features, num_boxes: count } = value;
  if (typeof features === 'string')
    return {
      imageId,
      ...size,
      ...readVectors(
        Buffer.from(features, 'latin1'),
        typeof count === 'string' ? count : excerptOfJson(count),
      ),
    };
  if (Array.isArray(objects)) return { imageId, ...size, ...readObjects(objects) };
  throw new LxmertError(
    `its JSON should hold "features" or "objects"; it holds ${Object.keys(value).slice(0, 8).join(', ') || 'nothing'}.`,
  );
}

function parse(content: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = parseJson(content.toString('utf8'));
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
    throw new LxmertError('its JSON is no object.');
  } catch (error) {
    if (error instanceof LxmertError) throw error;
    throw new LxmertError(`its JSON is damaged: ${messageOf(error)}.`, { cause: error });
  }
}

function readVectors(text: Buffer, count: string): Pick<RawRow, 'boxes' | 'features'> {
  const numBoxes = /^\d{1,4}$/.test(count) ? Number(count) : 0;
  if (!(numBoxes >= 1 && numBoxes <= MAX_BOXES))
    throw new LxmertError(
      `num_boxes should be a whole number from 1 to ${MAX_BOXES}; found ${count.slice(0, 20)}.`,
    );
  return splitVectors(floatsIn(text, 'features'), numBoxes);
}

function floatsIn(text: Buffer, what: string): Float32Array {
  const bytes = decodeBase64(text);
  if (typeof bytes === 'string' || bytes.length % 4 !== 0)
    throw new LxmertError(`${what} are not the base64 of float32 numbers; the row is cut or damaged.`);
  return floatsOf({ type: 'float32', shape: [bytes.length / 4], bytes });
}

function readObjects(objects: readonly unknown[]): Pick<RawRow, 'boxes' | 'features'> {
  if (objects.length > MAX_BOXES)
    throw new LxmertError(`it has ${objects.length} objects; ${MAX_BOXES} are the most.`);
  const vectors = objects.map((object, i) => readObject(object, i));
  const featureSize = vectors[0]?.features.length ?? 0;
  const boxes = new Float32Array(4 * vectors.length);
  const features = new Float32Array(featureSize * vectors.length);
  for (const [i, vector] of vectors.entries()) {
    if (vector.features.length !== featureSize)
      throw new LxmertError(
        `object ${i} has ${vector.features.length} numbers, and the first ${featureSize}.`,
      );
    boxes.set(vector.box, 4 * i);
    features.set(vector.features, featureSize * i);
  }
  return { boxes, features };
}

function readObject(
  object: unknown,
  index: number,
): { readonly box: number[]; readonly features: Float32Array } {
  const { rect, feature } = (typeof object === 'object' && object !== null ? object : {}) as Record<
    string,
    unknown
  >;
  if (typeof feature !== 'string')
    throw new LxmertError(
      `object ${index} has no feature: the table was written without them (TEST.TSV_SAVE_SUBSET).`,
    );
  if (!(Array.isArray(rect) && rect.length === 4 && rect.every((side) => typeof side === 'number')))
    throw new LxmertError(`object ${index} has no rect of four numbers.`);
  return {
    box: rect as number[],
    features: floatsIn(Buffer.from(feature, 'latin1'), `the feature of object ${index}`),
  };
}
