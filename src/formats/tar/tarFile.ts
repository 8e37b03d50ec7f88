/** @file The members of a tar archive on a disk, plain or packed by gzip, listed and read as streams. */

import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { type Entry, extract } from 'tar-stream';
import { LxmertError, messageOf } from '../../common/errors.js';
import { contentKindOf, readContentKind } from '../contentKind.js';

/** A file of an archive; folders, links and devices are none. */
export interface TarMember {
  /** Its path in the archive. */
  readonly name: string;
  readonly numBytes: number;
}

/** A file that reading has come to; its bytes pass by once, before the next one is asked for. */
export interface PassingMember extends TarMember {
  /** Whether it only names another file, and has no bytes. */
  readonly isLink: boolean;
  /** All its bytes. @throws Error when it is cut short */
  read(): Promise<Buffer>;
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
  for await (const { name, numBytes, isLink } of passTarMembers(archive)) {
    if (!isLink) members.push({ name, numBytes });
    if (members.length > MAX_MEMBERS)
      throw new LxmertError(
        `${archive} has more than ${MAX_MEMBERS} files; no archive of questions or tables does.`,
      );
  }
  return members;
}

/**
 * The files of an archive, and links to files, one after another in its order.
 *
 * @param onPiece told how many bytes of the archive have been taken, now and then
 * @throws Error when it is cut short or damaged
 */
export async function* passTarMembers(
  archive: string,
  onPiece?: (numBytes: number) => void,
): AsyncGenerator<PassingMember, void, undefined> {
  for await (const entry of tarEntries(archive, onPiece)) {
    const { name, size, type } = entry.header;
    const isLink = type === 'link' || type === 'symlink';
    if (type === 'file' || type === 'contiguous-file' || isLink)
      yield { name, numBytes: size ?? 0, isLink, read: () => bytesOf(entry) };
    entry.resume();
  }
}

async function bytesOf(entry: Entry): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of piecesOf(entry)) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function* piecesOf(entry: Entry): AsyncGenerator<Uint8Array> {
  try {
    yield* entry as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw inOwnWords(error);
  }
}

/** What the library says of archives, which speaks to programmers. */
const WORDS: readonly (readonly [theirs: RegExp, ours: string])[] = [
  [/^Unexpected end of data/, 'it ends within a file'],
  [/^Invalid tar header/, 'where the header of a file should stand is none'],
];

function inOwnWords(error: unknown): unknown {
  const found = WORDS.find(([theirs]) => theirs.test(messageOf(error)));
  return found === undefined ? error : new Error(found[1], { cause: error });
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
    yield* piecesOf(entry);
    return;
  }
  throw new Error('it is not there any more');
}

/** Between the end of a member and the header of the next stand names that are long, and zeros at the end. */
const MAX_BETWEEN_BYTES = 1 << 24;

async function* tarEntries(archive: string, onPiece?: (numBytes: number) => void): AsyncGenerator<Entry> {
  const { packed, bytes } = openBytes(archive);
  const entries = extract();
  let numBetween = 0;
  let isOpen = false;
  bytes.on('error', (error) => entries.destroy(error));
  bytes.on('data', (piece: Buffer) => {
    onPiece?.(packed.bytesRead);
    numBetween = isOpen ? 0 : numBetween + piece.length;
    // The library keeps what a header announces of names, however much that is.
    if (numBetween > MAX_BETWEEN_BYTES)
      entries.destroy(new Error(`no member begins within ${MAX_BETWEEN_BYTES} bytes`));
  });
  bytes.pipe(entries);
  try {
    for await (const entry of entries) {
      [isOpen, numBetween] = [true, 0];
      // The library would wait for the end of such a file for ever.
      if (!isLength(entry.header.size))
        throw new Error(`the length of '${entry.header.name}' is no number of bytes`);
      entry.once('close', () => {
        isOpen = false;
      });
      yield entry;
    }
  } catch (error) {
    throw inOwnWords(error);
  } finally {
    bytes.destroy();
    packed.destroy();
    entries.destroy();
  }
}

/** False for what a damaged header makes of it. */
function isLength(size: unknown): boolean {
  return Number.isSafeInteger(size) && (size as number) >= 0;
}

function unpackedBytes(archive: string): Readable {
  return openBytes(archive).bytes;
}

function openBytes(archive: string) {
  const packed = createReadStream(archive, { highWaterMark: 1 << 18 });
  if (readContentKind(archive).kind !== 'gzip') return { packed, bytes: packed as Readable };
  const gunzip = createGunzip({ chunkSize: 1 << 17 });
  packed.on('error', (error) => gunzip.destroy(error));
  gunzip.on('close', () => packed.destroy());
  return { packed, bytes: packed.pipe(gunzip) as Readable };
}
