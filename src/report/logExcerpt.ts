/** @file The lines of a run's log.log that a page shows: its beginning and its end. */

import { existsSync } from 'node:fs';
import { LxmertError } from '../common/errors.js';
import { readLines } from '../formats/lines/lineReader.js';

/** The beginning says what was in force and what was loaded, the end how it went. */
const NUM_FIRST = 40;
const NUM_LAST = 100;
const MAX_TEXT = 500;
const MAX_LINE_BYTES = 1 << 20;

export interface LogExcerpt {
  readonly lines: readonly string[];
  readonly problem?: string;
}

/** Reads the file in constant memory; a run without a log has no lines. */
export async function readLogExcerpt(file: string): Promise<LogExcerpt> {
  if (!existsSync(file)) return { lines: [] };
  const first: string[] = [];
  const last: string[] = [];
  let numLines = 0;
  let problem: string | undefined;
  try {
    const options = { maxLineBytes: MAX_LINE_BYTES, expected: 'no line of a log is.' };
    for await (const { bytes } of readLines(file, options)) {
      // Four bytes a character at most.
      const text = bytes
        .subarray(0, 4 * MAX_TEXT)
        .toString('utf8')
        .slice(0, MAX_TEXT);
      numLines++;
      if (first.length < NUM_FIRST) first.push(text);
      else last.push(text);
      if (last.length > NUM_LAST) last.shift();
    }
  } catch (error) {
    if (!(error instanceof LxmertError)) throw error;
    problem = error.message;
  }
  const numHidden = numLines - first.length - last.length;
  const gap = numHidden === 0 ? [] : [`... ${numHidden} lines ...`];
  return { lines: [...first, ...gap, ...last], ...(problem === undefined ? {} : { problem }) };
}
