/** @file Text of a file of any size, in pieces or in lines. */

import { createReadStream } from 'node:fs';
import { hasErrorCode, LxmertError, UsageError } from '../../common/errors.js';

/** A line longer than this is no line of annotations. */
const MAX_LINE_CHARACTERS = 16 * 1024 * 1024;

const DEFAULT_CHUNK_BYTES = 1 << 18;

/**
 * Yields the text of a UTF-8 file in pieces, without a byte order mark.
 *
 * @throws UsageError when the file is missing
 */
export async function* readText(file: string, chunkBytes = DEFAULT_CHUNK_BYTES): AsyncGenerator<string> {
  const stream = createReadStream(file, { encoding: 'utf8', highWaterMark: chunkBytes });
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

/** A line without its end, counted from 1. */
export interface TextLine {
  readonly text: string;
  readonly number: number;
}

/**
 * Yields the lines of a text file that are not blank. Only `\n` and `\r\n` end a line: sentences may hold the
 * other separators of Unicode.
 *
 * @throws UsageError when the file is missing
 * @throws LxmertError for a line of more than 16 Mi characters
 */
export async function* readTextLines(file: string, chunkBytes?: number): AsyncGenerator<TextLine> {
  let rest = '';
  let number = 0;
  for await (const part of readText(file, chunkBytes)) {
    const lines = (rest + part).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      number++;
      if (line.trim() !== '') yield { text: withoutReturn(line), number };
    }
    if (rest.length > MAX_LINE_CHARACTERS) {
      throw new LxmertError(`${file}, line ${number + 1}: the line is longer than 16 Mi characters.`);
    }
  }
  if (rest.trim() !== '') yield { text: withoutReturn(rest), number: number + 1 };
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}
