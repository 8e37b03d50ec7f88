/** @file A msgpack dictionary of NumPy arrays as msgpack-numpy writes them, as the named values of a picture. */

import { decode } from '@msgpack/msgpack';
import type { DataValue } from '../../checkpoint/pickle/index.js';
import { LxmertError, messageOf } from '../../common/errors.js';
import { NpyFault, readNumbers } from '../../formats/npy.js';
import { countOf } from '../../formats/numberArray.js';
import type { PictureRecord } from './pictureFields.js';

/** Shapes and names are short; memory for a list is taken when its length is read. */
const MAX_LIST = 1024;

/** @throws LxmertError, without file and place, for anything else than such a dictionary */
export function readMsgpackRecord(bytes: Buffer): PictureRecord {
  try {
    const root = decode(bytes, {
      // Before there was a type for bytes, they were written as texts.
      rawStrings: true,
      maxArrayLength: MAX_LIST,
      maxMapLength: MAX_LIST,
      maxExtLength: MAX_LIST,
      mapKeyConverter: (key) => (typeof key === 'number' ? key : textOf(key)),
    });
    if (!isObject(root)) throw new LxmertError('its msgpack value is no dictionary.');
    return new Map(Object.entries(root).map(([name, value]) => [name, dataOf(name, value)]));
  } catch (error) {
    if (error instanceof LxmertError) throw error;
    throw new LxmertError(`its msgpack value is damaged: ${messageOf(error)}.`, { cause: error });
  }
}

/** An array where a value is the description of one; what else there is stands for itself or for nothing. */
function dataOf(name: string, value: unknown): DataValue {
  if (!isObject(value)) return value instanceof Uint8Array || typeof value === 'number' ? value : null;
  if (!('data' in value && 'type' in value)) return null;
  const { data, shape } = value;
  const sizes = Array.isArray(shape) ? shape : [];
  if (!(data instanceof Uint8Array) || Number.isNaN(countOf(sizes)))
    throw new LxmertError(`${name} is described as an array and is none.`);
  try {
    return readNumbers(textOf(value.type), sizes, data);
  } catch (error) {
    if (!(error instanceof NpyFault)) throw error;
    throw new LxmertError(`${name} is no array of numbers: ${error.message}.`, { cause: error });
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  );
}

function textOf(value: unknown): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : String(value);
}
