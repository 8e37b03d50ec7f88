/** @file Reads a JSON file that holds one array, element by element, whatever its size. */

import { createReadStream } from 'node:fs';
import { hasErrorCode, LxmertError, messageOf, UsageError } from '../../common/errors.js';

/** An element longer than this is no annotation. */
const MAX_ELEMENT_CHARACTERS = 16 * 1024 * 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = new Set([0x5b, 0x7b]);
const CLOSE = new Set([0x5d, 0x7d]);
const COMMA = 0x2c;

/**
 * Yields the elements of the top-level array of `file` in order. Only one element is held at a time, so that a
 * file beyond the longest string of the JavaScript engine (512 MB) can be read.
 *
 * @throws UsageError when the file is missing
 * @throws LxmertError when it is no JSON array, with the index of the element that is wrong
 */
export async function* readJsonArray(file: string): AsyncGenerator<unknown> {
  let text = '';
  let depth = 0;
  let inString = false;
  let isEscaped = false;
  let numElements = 0;
  let finished = false;

  const take = (piece: string): unknown => {
    const source = (text + piece).trim();
    text = '';
    if (source === '') return undefined;
    try {
      return JSON.parse(source);
    } catch (error) {
      throw new LxmertError(`${file}: element ${numElements} is not valid JSON: ${messageOf(error)}.`);
    }
  };

  for await (const part of textOf(file)) {
    let start = 0;
    for (let i = 0; i < part.length; i++) {
      const code = part.charCodeAt(i);
      if (inString) {
        if (isEscaped) isEscaped = false;
        else if (code === BACKSLASH) isEscaped = true;
        else if (code === QUOTE) inString = false;
      } else if (code === QUOTE) {
        requireArray(file, depth, finished);
        inString = true;
      } else if (OPEN.has(code)) {
        depth++;
        if (depth === 1) {
          if (finished || code !== 0x5b) requireArray(file, 0, finished);
          if (text.trim() !== '' || part.slice(start, i).trim() !== '') requireArray(file, 0, false);
          text = '';
          start = i + 1;
        }
      } else if (CLOSE.has(code) || (code === COMMA && depth === 1)) {
        if (code !== COMMA) depth--;
        if (depth < 0) requireArray(file, 0, finished);
        if (depth === 0 || code === COMMA) {
          const value = take(part.slice(start, i));
          start = i + 1;
          if (value === undefined && (code === COMMA || numElements > 0)) {
            throw new LxmertError(`${file}: element ${numElements} is missing before a comma or the end.`);
          }
          if (value !== undefined) {
            yield value;
            numElements++;
          }
          finished = depth === 0;
        }
      }
    }
    text += part.slice(start);
    if (text.length > MAX_ELEMENT_CHARACTERS) {
      throw new LxmertError(`${file}: element ${numElements} is longer than 16 Mi characters.`);
    }
  }
  if (!finished) {
    throw new LxmertError(
      numElements === 0 && depth === 0
        ? `${file}: expected a JSON array, but the file holds none.`
        : `${file} ends in the middle, after ${numElements} whole elements. The file is cut short.`,
    );
  }
  if (text.trim() !== '') throw new LxmertError(`${file}: there is text after the end of the JSON array.`);
}

function requireArray(file: string, depth: number, finished: boolean): void {
  if (depth > 0) return;
  throw new LxmertError(
    finished
      ? `${file}: there is text after the end of the JSON array.`
      : `${file}: expected a JSON array of objects at the top level, but found something else.`,
  );
}

async function* textOf(file: string): AsyncGenerator<string> {
  const stream = createReadStream(file, { encoding: 'utf8', highWaterMark: 1 << 18 });
  let isFirst = true;
  try {
    for await (const part of stream) {
      const text = part as string;
      yield isFirst && text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
      isFirst = false;
    }
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) throw new UsageError(`There is no file '${file}'.`);
    throw error;
  }
}
