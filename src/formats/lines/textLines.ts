/** @file Lines of a text file of any size. */

import { readLines } from './lineReader.js';

/** A line longer than this is no line of annotations. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;

/** A line without its end, counted from 1. */
export interface TextLine {
  readonly text: string;
  readonly number: number;
}

/**
 * Yields the lines of a UTF-8 file that are not blank, without a byte-order mark. Only `\n` and `\r\n` end a line:
 * sentences may hold the other separators of Unicode.
 *
 * @throws UsageError when the file is missing or a folder
 * @throws LxmertError for a line of more than 16 MiB
 */
export async function* readTextLines(file: string): AsyncGenerator<TextLine> {
  const options = { maxLineBytes: MAX_LINE_BYTES, expected: 'no line of annotations is.' };
  for await (const { bytes, number } of readLines(file, options)) {
    const line = bytes.toString('utf8');
    const text = number === 1 && line.startsWith('\ufeff') ? line.slice(1) : line;
    if (text.trim() !== '') yield { text, number };
  }
}
