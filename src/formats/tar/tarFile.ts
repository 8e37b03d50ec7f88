/** @file The members of a tar archive on a disk, plain or packed by gzip, listed and read as streams. */

import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { type Entry, extract } from 'tar-stream';
import { LxmertError } from '../../common/errors.js';
import { contentKindOf, readContentKind } from '../contentKind.js';

/** A file of an archive; folders, links and devices are none. */
export interface TarMember {
  /** Its path in the archive. */
  readonly name: string;
  readonly numBytes: number;
}

/** Bytes of what gzip packed that tell a tar archive: its first header. */
const HEADER_BYTES = 512;

/** Whether a file is a tar archive by its content, also one that gzip packed (`.tar.gz`, `.tgz`). */
export async function isTarFile(file: string): Promise<boolean> {
  const { kind } = readContentKind(file);
  if (kind !== 'gzip') return kind === 'tar';
  try {
    let head = Buffer.alloc(0);
    for await (const piece of unpackedBytes(file)) {
      head = Buffer.concat([head, piece as Buffer]);
      if (head.length >= HEADER_BYTES) break;
    }
    return contentKindOf(head).kind === 'tar';
  } catch {
    // Damaged from its beginning: whoever reads it says so.
    return false;
  }
}

/** Far more than archives of annotations have; each takes memory. */
const MAX_MEMBERS = 100_000;

/** The files of an archive, in its order. @throws LxmertError for one of over 100,000 files; Error when it is cut short or damaged */
export async function listTarFile(archive: string): Promise<TarMember[]> {
  const members: TarMember[] = [];
  for await (const entry of tarEntries(archive)) {
    const { name, size, type } = entry.header;
    if (type === 'file' || type === 'contiguous-file') members.push({ name, numBytes: size ?? 0 });
    if (members.length > MAX_MEMBERS)
      throw new LxmertError(`${archive} has more than ${MAX_MEMBERS} files; no archive of questions does.`);
    entry.resume();
  }
  return members;
}

/**
 * The bytes of the first file called `name`. What stands before it is unpacked and passed over, since a tar archive has no
 * directory.
 *
 * @throws Error for an archive that is cut short or damaged, or without such a file
 */
export async function* readTarMember(archive: string, name: string): AsyncGenerator<Uint8Array> {
  for await (const entry of tarEntries(archive)) {
    if (entry.header.name !== name) {
      entry.resume();
      continue;
    }
    yield* entry as AsyncIterable<Uint8Array>;
    return;
  }
  throw new Error('it is not there any more');
}

async function* tarEntries(archive: string): AsyncGenerator<Entry> {
  const bytes = unpackedBytes(archive);
  const entries = extract();
  bytes.on('error', (error) => entries.destroy(error));
  bytes.pipe(entries);
  try {
    yield* entries;
  } finally {
    bytes.destroy();
    entries.destroy();
  }
}

function unpackedBytes(archive: string): Readable {
  const file = createReadStream(archive, { highWaterMark: 1 << 18 });
  if (readContentKind(archive).kind !== 'gzip') return file;
  const gunzip = createGunzip();
  file.on('error', (error) => gunzip.destroy(error));
  gunzip.on('close', () => file.destroy());
  return file.pipe(gunzip);
}
