/** @file Lines of a source of any size in constant memory, each with its number and byte range. */

import { LxmertError } from '../../common/errors.js';
import { asByteSource, type ByteCursor, type ByteSource } from './byteSource.js';

/** One line. `bytes` is a view that the next line overwrites; copy what must outlive it. */
export interface Line {
  /** The line without its end (`\n` or `\r\n`). */
  readonly bytes: Buffer;
  readonly ending: '\n' | '\r\n' | '';
  /** Counted from 1. */
  readonly number: number;
  /** Byte range in the file, line end included. */
  readonly start: number;
  readonly end: number;
}

/** Where to start and what is too long. */
export interface LineOptions {
  /** Byte to start at: the first byte of a line. Default 0. */
  readonly start?: number;
  /** Number of the line that starts there. Default 1. */
  readonly firstLine?: number;
  /** A longer line is an error: the file is not what it is taken for. */
  readonly maxLineBytes: number;
  /** Ends the error about a line that is too long: '... bytes, which' and this. */
  readonly expected: string;
}

const CHUNK_BYTES = 1 << 22;
/** A few milliseconds of short lines. */
const LINES_PER_BREATH = 1 << 14;
const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * Yields the lines of `source` (a path, or another source of bytes). Memory is one chunk (4 MiB) plus the longest
 * line.
 *
 * @throws UsageError when the file cannot be opened; LxmertError for a line over `maxLineBytes`.
 */
export async function* readLines(
  source: string | ByteSource,
  options: LineOptions,
): AsyncGenerator<Line, void, undefined> {
  const bytes = asByteSource(source);
  const cursor = await bytes.open(options.start ?? 0);
  try {
    yield* splitLines(cursor, bytes.name, options);
  } finally {
    await cursor.close();
  }
}

async function* splitLines(cursor: ByteCursor, file: string, options: LineOptions): AsyncGenerator<Line> {
  let buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  let from = 0; // first byte not yet yielded
  let to = 0; // end of what was read
  let position = options.start ?? 0; // of `from` in the file
  let number = options.firstLine ?? 1;
  let searched = 0;
  let atEnd = false;
  for (;;) {
    const newline = buffer.subarray(0, to).indexOf(NEWLINE, searched);
    if (newline >= 0 || (atEnd && from < to)) {
      const end = newline >= 0 ? newline + 1 : to;
      if (end - from > options.maxLineBytes) throw tooLong(file, number, options);
      yield makeLine(buffer.subarray(from, end), number, position, newline >= 0);
      position += end - from;
      from = end;
      searched = end;
      number++;
      if (number % LINES_PER_BREATH === 0) await cursor.breathe?.();
      continue;
    }
    if (atEnd) return;
    searched = to;
    if (to - from > options.maxLineBytes) throw tooLong(file, number, options);
    if (to === buffer.length) {
      const next = to - from > buffer.length / 2 ? Buffer.allocUnsafe(buffer.length * 2) : buffer;
      buffer.copy(next, 0, from, to);
      buffer = next;
      searched -= from;
      to -= from;
      from = 0;
    }
    const bytesRead = await cursor.read(buffer, to, buffer.length - to);
    to += bytesRead;
    atEnd = bytesRead === 0;
  }
}

function makeLine(whole: Buffer, number: number, start: number, hasNewline: boolean): Line {
  const end = start + whole.length;
  if (!hasNewline) return { bytes: whole, ending: '', number, start, end };
  const isCrlf = whole.length >= 2 && whole[whole.length - 2] === CARRIAGE_RETURN;
  return {
    bytes: whole.subarray(0, whole.length - (isCrlf ? 2 : 1)),
    ending: isCrlf ? '\r\n' : '\n',
    number,
    start,
    end,
  };
}

function tooLong(file: string, line: number, { maxLineBytes, expected }: LineOptions): LxmertError {
  return new LxmertError(
    `${file}, line ${line}: the line is longer than ${maxLineBytes} bytes, which ${expected}`,
  );
}
