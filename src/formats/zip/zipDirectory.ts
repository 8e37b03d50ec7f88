/**
 * @file The directory of a zip archive (zip64 too), checked so that every member's bytes lie in the file and in no other
 * member.
 */

import yauzl from 'yauzl';
import { messageOf } from '../../common/errors.js';
import type { RandomAccess } from '../randomAccess.js';
import { ZipFault } from './zipFault.js';

// What yauzl 3 offers beyond its published types.
declare module 'yauzl' {
  interface ZipFile {
    eachEntry(): AsyncIterable<Entry>;
    readLocalFileHeaderPromise(entry: Entry, options: { minimal: true }): Promise<{ fileDataStart: number }>;
  }
}

/** A member as the directory describes it; folders, whose names end in `/`, are members too. */
export interface ZipMember {
  readonly name: string;
  /** Where its local header begins. */
  readonly headerStart: number;
  /** Where its packed bytes begin. */
  readonly dataStart: number;
  readonly packedBytes: number;
  readonly numBytes: number;
  readonly crc32: number;
  /** How it is packed: 0 stored, 8 deflated, anything else is not unpacked here. */
  readonly method: number;
  readonly isEncrypted: boolean;
  /** True for a symbolic link or a device, as archives made on Unix may hold. */
  readonly isSpecialFile: boolean;
}

export interface ZipDirectoryOptions {
  /** Refuses backslashes in names, which are read as slashes otherwise. */
  readonly strictNames?: boolean;
  /** Default {@link MAX_ZIP_MEMBERS}. */
  readonly maxMembers?: number;
}

/** Far more than archives of weights (some 1,500), features or annotations (a handful) have. */
export const MAX_ZIP_MEMBERS = 100_000;

/** Values of the external attributes of members made on Unix. */
const UNIX = 3;
const FILE_TYPE = 0xf000;
const REGULAR = 0x8000;

/** Lists the members of an archive in the order of its directory. @throws ZipFault */
export async function readZipDirectory(
  bytes: RandomAccess,
  options: ZipDirectoryOptions = {},
): Promise<ZipMember[]> {
  try {
    const members = await listMembers(bytes, options);
    requireDisjoint(members);
    return members;
  } catch (error) {
    if (error instanceof ZipFault) throw error;
    const message = messageOf(error);
    const kind = message.includes('End of central directory')
      ? 'cut'
      : /fileName|relative path|absolute path/.test(message)
        ? 'name'
        : 'damaged';
    const phrase =
      kind === 'cut'
        ? 'the directory at its end is missing, as where a file is cut'
        : message.replace(/\.$/, '');
    throw new ZipFault(kind, phrase, undefined, { cause: error });
  }
}

async function listMembers(
  bytes: RandomAccess,
  { strictNames = false, maxMembers = MAX_ZIP_MEMBERS }: ZipDirectoryOptions,
): Promise<ZipMember[]> {
  const archive = await openArchive(bytes, strictNames);
  const members: ZipMember[] = [];
  const names = new Set<string>();
  for await (const entry of archive.eachEntry()) {
    const name = entry.fileName;
    if (names.has(name)) throw new ZipFault('twice', `it lists ${name} twice`, name);
    names.add(name);
    if (names.size > maxMembers) throw new ZipFault('crowded', `it has more than ${maxMembers} members`);
    const { fileDataStart } = await archive.readLocalFileHeaderPromise(entry, { minimal: true });
    const end = fileDataStart + entry.compressedSize;
    if (!(end <= bytes.size))
      throw new ZipFault('damaged', `${name} should end at byte ${end} of ${bytes.size}`, name);
    members.push({
      name,
      headerStart: entry.relativeOffsetOfLocalHeader,
      dataStart: fileDataStart,
      packedBytes: entry.compressedSize,
      numBytes: entry.uncompressedSize,
      crc32: entry.crc32,
      method: entry.compressionMethod,
      isEncrypted: entry.isEncrypted(),
      isSpecialFile: isSpecialFile(entry),
    });
  }
  return members;
}

function isSpecialFile(entry: yauzl.Entry): boolean {
  const type = (entry.externalFileAttributes >>> 16) & FILE_TYPE;
  const isUnix = entry.versionMadeBy >>> 8 === UNIX;
  return isUnix && type !== 0 && type !== REGULAR && !entry.fileName.endsWith('/');
}

function requireDisjoint(members: readonly ZipMember[]): void {
  const inOrder = [...members].sort((a, b) => a.headerStart - b.headerStart);
  for (const [i, { name, dataStart, packedBytes }] of inOrder.entries()) {
    const next = inOrder[i + 1];
    if (next !== undefined && dataStart + packedBytes > next.headerStart)
      throw new ZipFault('damaged', `${name} and ${next.name} overlap`, name);
  }
}

function openArchive(bytes: RandomAccess, strictNames: boolean): Promise<yauzl.ZipFile> {
  const options = { lazyEntries: true, autoClose: false, strictFileNames: strictNames };
  return new Promise((resolve, reject) => {
    yauzl.fromRandomAccessReader(new BoundedReader(bytes), bytes.size, options, (error, archive) => {
      if (error) reject(error);
      else resolve(archive);
    });
  });
}

/** Hands yauzl the bytes; a position that a hostile archive made up becomes an error, not a crash. */
class BoundedReader extends yauzl.RandomAccessReader {
  constructor(private readonly bytes: RandomAccess) {
    super();
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    this.#fill(buffer, offset, length, position).then(
      () => callback(null),
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error))),
    );
  }

  async #fill(buffer: Buffer, offset: number, length: number, position: number): Promise<void> {
    if (!(position >= 0 && position + length <= this.bytes.size))
      throw new Error(`it points to byte ${position + length}, and has ${this.bytes.size}`);
    buffer.set(await this.bytes.read(position, length), offset);
  }

  override close(callback: (error: Error | null) => void): void {
    setImmediate(callback, null);
  }
}
