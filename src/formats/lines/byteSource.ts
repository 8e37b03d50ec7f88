/** @file Where the bytes of a table come from: a file, or a member of a zip archive that is never unpacked. */

import { open, stat } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { LxmertError, UsageError, unreadable } from '../../common/errors.js';

/** Bytes that can be read from any position on, in order. */
export interface ByteSource {
  /** For messages: a path, or `archive.zip: member.tsv`. */
  readonly name: string;
  /** The file's own name without folders; provenance carries it. */
  readonly fileName: string;
  /** Length in bytes (unpacked; of a gzip archive, which does not say, its own). */
  size(): Promise<number>;
  /** The unpacked length as far as it can be guessed, where {@link size} is another. */
  estimateSize?(): number;
  open(start: number): Promise<ByteCursor>;
}

/** A reading of a {@link ByteSource}. */
export interface ByteCursor {
  /** Fills part of `buffer` with what comes next; 0 at the end. */
  read(buffer: Buffer, offset: number, length: number): Promise<number>;
  close(): Promise<void>;
  /** Called now and then while many lines are in what was read; ends the reading by throwing. */
  breathe?(): Promise<void>;
}

/** A path stands for the file there. */
export function asByteSource(source: string | ByteSource): ByteSource {
  return typeof source === 'string' ? fileSource(source) : source;
}

function fileSource(file: string): ByteSource {
  return {
    name: file,
    fileName: path.basename(file),
    size: () => fileSize(file),
    async open(start) {
      const handle = await open(file, 'r').catch((error) => {
        throw unreadable(file, error);
      });
      let position = start;
      return {
        async read(buffer, offset, length) {
          const { bytesRead } = await handle.read(buffer, offset, length, position).catch((error) => {
            throw unreadable(file, error);
          });
          position += bytesRead;
          return bytesRead;
        },
        close: () => handle.close(),
      };
    },
  };
}

async function fileSize(file: string): Promise<number> {
  try {
    const stats = await stat(file);
    if (!stats.isFile()) throw new UsageError(`${file} is not a file; expected an obj36 TSV file.`);
    return stats.size;
  } catch (error) {
    if (error instanceof LxmertError) throw error;
    throw unreadable(file, error);
  }
}

/**
 * The same bytes until `signal` aborts: a reading then ends with its reason, also one that finds nothing to give on, as in a
 * table of blank lines.
 */
export function untilAborted(source: ByteSource, signal: AbortSignal | undefined): ByteSource {
  if (signal === undefined) return source;
  return {
    name: source.name,
    fileName: source.fileName,
    size: () => source.size(),
    ...(source.estimateSize !== undefined && { estimateSize: () => source.estimateSize?.() ?? 0 }),
    async open(start) {
      const cursor = await source.open(start);
      // Signals arrive on the event loop, which promises of data that is there already never let run.
      const breathe = async (): Promise<void> => {
        await setImmediate();
        signal.throwIfAborted();
      };
      return {
        async read(buffer, offset, length) {
          await breathe();
          return cursor.read(buffer, offset, length);
        },
        close: () => cursor.close(),
        breathe,
      };
    },
  };
}
