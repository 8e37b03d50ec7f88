/** @file An exported folder on a disk. */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { hasErrorCode, LxmertError, UsageError, unreadable } from '../../common/errors.js';
import {
  type ExportedFolder,
  type FileFacts,
  missingFile,
  requireChecksum,
  requireSize,
} from '../exportedFolder.js';

/** Bytes read at once while a checksum is computed. */
const CHUNK_BYTES = 1 << 22;

/**
 * Opens a folder. Large files are given as paths where that is asked for: their checksum is computed in one pass over the
 * file, which the engine then reads itself, so that weights lie in memory once.
 *
 * @param signal aborted, it ends the reading with its reason
 * @throws UsageError when there is none, or a file was named
 */
export async function localFolder(folder: string, signal?: AbortSignal): Promise<ExportedFolder> {
  const status = await stat(folder).catch((error: unknown) => {
    if (hasErrorCode(error, 'ENOENT')) throw new UsageError(`There is no folder '${folder}'.`);
    throw unreadable(folder, error);
  });
  if (!status.isDirectory()) {
    throw new UsageError(
      `'${folder}' is a file. Name the folder that lxmert export onnx wrote; of a weights file or a run it makes one: lxmert export onnx ${folder} --out FOLDER`,
    );
  }
  const at = (inner: string): string => path.join(folder, ...inner.split('/'));
  return {
    name: folder.replace(/(?<=[^/\\])[/\\]+$/, ''),
    async read(inner, maxBytes) {
      const file = at(inner);
      const size = await sizeOf(file);
      if (size === undefined) return undefined;
      if (size > maxBytes) {
        throw new LxmertError(
          `${file} has ${size} bytes, and no such file of an exported model has over ${maxBytes}. Export the model again.`,
        );
      }
      return await readFile(file).catch((error: unknown) => {
        throw unreadable(file, error);
      });
    },
    async readLarge(inner, expected, { asPath, onBytes }) {
      const file = at(inner);
      const size = await sizeOf(file);
      if (size === undefined) throw missingFile(file);
      // Before anything is read: a file of another size needs no checksum.
      requireSize(file, size, expected);
      const bytes = asPath ? undefined : new Uint8Array(size);
      await requireContent(file, expected, { into: bytes, onBytes, signal });
      return bytes ?? path.resolve(file);
    },
  };
}

/** Undefined where there is no such file. */
async function sizeOf(file: string): Promise<number | undefined> {
  try {
    const status = await stat(file);
    if (status.isFile()) return status.size;
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT') || hasErrorCode(error, 'ENOTDIR')) return undefined;
    throw unreadable(file, error);
  }
  throw new LxmertError(`${file} is not a file. Copy the exported folder again.`);
}

interface Reading {
  /** Gets the bytes, where they are wanted. */
  readonly into: Uint8Array | undefined;
  readonly onBytes: ((numBytes: number) => void) | undefined;
  readonly signal: AbortSignal | undefined;
}

async function requireContent(
  file: string,
  expected: FileFacts,
  { into, onBytes, signal }: Reading,
): Promise<void> {
  const hash = createHash('sha256');
  let numBytes = 0;
  try {
    for await (const chunk of createReadStream(file, {
      highWaterMark: CHUNK_BYTES,
      signal,
    }) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      if (into !== undefined) into.set(chunk.subarray(0, into.length - numBytes), numBytes);
      numBytes += chunk.length;
      onBytes?.(numBytes);
    }
  } catch (error) {
    throw signal?.aborted ? signal.reason : unreadable(file, error);
  }
  requireSize(file, numBytes, expected);
  requireChecksum(file, hash.digest('hex'), expected);
}
