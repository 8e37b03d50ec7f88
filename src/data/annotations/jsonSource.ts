/** @file Where bytes of JSON come from: a file, or anything else that gives them in pieces. */

import { createReadStream } from 'node:fs';
import { unreadable } from '../../common/errors.js';
import type { PlacedValue } from '../../formats/lines/jsonLines.js';

/** Bytes of JSON. */
export interface JsonSource {
  /** What messages call it: a path, for a member of an archive with the member's name behind it. */
  readonly name: string;
  /** The bytes from the first to the last, each time anew. */
  open(): AsyncIterable<Uint8Array>;
  /** Whether the bytes are a file's as they are, so that its lines can be read by their numbers. */
  readonly isPlain?: boolean;
  /** The records themselves, with the place of each, where the source is a table; its bytes are the same as JSON lines. */
  readonly records?: () => AsyncGenerator<PlacedValue>;
  /** Changes the text of a value that is held whole before it is parsed. */
  readonly prepare?: (text: string) => string;
}

/** Bytes read at once. */
const PIECE_BYTES = 1 << 18;

/** The bytes of a file. @throws UsageError, once they are asked for, when the file is missing or a folder */
export function fileSource(file: string): JsonSource {
  return {
    name: file,
    isPlain: true,
    async *open() {
      try {
        for await (const piece of createReadStream(file, { highWaterMark: PIECE_BYTES })) {
          yield piece as Uint8Array;
        }
      } catch (error) {
        throw unreadable(file, error);
      }
    },
  };
}
