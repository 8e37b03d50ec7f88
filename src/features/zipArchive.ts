/** @file The directory of a zip archive that came from somewhere: names, places and sizes, checked. */

import { type FileHandle, open } from 'node:fs/promises';
import yauzl from 'yauzl';
import { LxmertError, messageOf, unreadable } from '../common/errors.js';

// What yauzl 3 offers beyond its published types.
declare module 'yauzl' {
  interface ZipFile {
    eachEntry(): AsyncIterable<Entry>;
    readLocalFileHeaderPromise(entry: Entry, options: { minimal: true }): Promise<{ fileDataStart: number }>;
  }
}

/** A member that can be read: stored or deflated, a plain file with a plain name. */
export interface ZipMember {
  /** Forward slashes, relative, without `..`. */
  readonly name: string;
  readonly isDeflated: boolean;
  /** Where its (compressed) bytes begin in the archive. */
  readonly dataStart: number;
  readonly compressedBytes: number;
  readonly numBytes: number;
  readonly crc32: number;
}

/** Published archives hold one to a handful of files. */
const MAX_MEMBERS = 100_000;
const UNIX = 3;
const FILE_TYPE = 0xf000;
const REGULAR = 0x8000;

/**
 * Lists the files of an archive (zip64 too), folders left out.
 *
 * @throws UsageError when there is no such file; LxmertError for a damaged or cut archive, and for members that a
 *   well-meant archive does not have: names that lead out of a folder, links, encryption, two of one name.
 */
export async function listZipMembers(file: string): Promise<ZipMember[]> {
  const handle = await openForReading(file);
  try {
    return await readDirectory(handle, file);
  } catch (error) {
    if (error instanceof LxmertError) throw error;
    const message = messageOf(error);
    throw new LxmertError(
      message.includes('End of central directory')
        ? `${file} is no zip archive, or it is cut short: the directory at its end is missing. Fetch it again.`
        : `The zip archive ${file} is damaged or refused: ${message}.`,
      { cause: error },
    );
  } finally {
    await handle.close();
  }
}

async function readDirectory(handle: FileHandle, file: string): Promise<ZipMember[]> {
  const { size } = await handle.stat();
  const archive = await openArchive(new HandleReader(handle, size), size);
  const members: ZipMember[] = [];
  const names = new Set<string>();
  for await (const entry of archive.eachEntry()) {
    const name = entry.fileName;
    if (names.has(name)) throw refusal(file, name, 'is there twice');
    names.add(name);
    if (names.size > MAX_MEMBERS) throw new LxmertError(`${file} has more than ${MAX_MEMBERS} members.`);
    const problem = findMemberProblem(entry);
    if (problem !== undefined) throw refusal(file, name, problem);
    if (name.endsWith('/')) continue;
    const { fileDataStart } = await archive.readLocalFileHeaderPromise(entry, { minimal: true });
    if (!(fileDataStart + entry.compressedSize <= size))
      throw refusal(file, name, `should end at byte ${fileDataStart + entry.compressedSize} of ${size}`);
    members.push({
      name,
      isDeflated: entry.compressionMethod === 8,
      dataStart: fileDataStart,
      compressedBytes: entry.compressedSize,
      numBytes: entry.uncompressedSize,
      crc32: entry.crc32,
    });
  }
  return members;
}

/** What yauzl leaves to check: it refuses absolute names, `..`, backslashes and stored members of two sizes itself. */
function findMemberProblem(entry: yauzl.Entry): string | undefined {
  for (let i = 0; i < entry.fileName.length; i++) {
    if (entry.fileName.charCodeAt(i) < 0x20) return 'has a control character in its name';
  }
  if (entry.fileName === '') return 'has no name';
  if (entry.isEncrypted()) return 'is encrypted';
  if (entry.compressionMethod !== 0 && entry.compressionMethod !== 8)
    return `is compressed by method ${entry.compressionMethod}; stored and deflated members can be read`;
  const isUnix = entry.versionMadeBy >>> 8 === UNIX;
  const type = (entry.externalFileAttributes >>> 16) & FILE_TYPE;
  if (isUnix && type !== 0 && type !== REGULAR && !entry.fileName.endsWith('/'))
    return 'is a link or a device, not a file';
  return undefined;
}

function refusal(file: string, name: string, problem: string): LxmertError {
  return new LxmertError(
    `The zip archive ${file} is refused: its member ${JSON.stringify(name)} ${problem}.`,
  );
}

function openArchive(reader: HandleReader, size: number): Promise<yauzl.ZipFile> {
  const options = { lazyEntries: true, autoClose: false, strictFileNames: true };
  return new Promise((resolve, reject) => {
    yauzl.fromRandomAccessReader(reader, size, options, (error, archive) => {
      if (error) reject(error);
      else resolve(archive);
    });
  });
}

/** Hands yauzl the open file; a position that a hostile archive made up becomes an error, not a crash. */
class HandleReader extends yauzl.RandomAccessReader {
  constructor(
    private readonly handle: FileHandle,
    private readonly size: number,
  ) {
    super();
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    if (!(position >= 0 && position + length <= this.size)) {
      setImmediate(callback, new Error(`it points to byte ${position + length}, and has ${this.size}`));
      return;
    }
    this.#fill(buffer, offset, length, position).then(
      () => callback(null),
      (error: Error) => callback(error),
    );
  }

  async #fill(buffer: Buffer, offset: number, length: number, position: number): Promise<void> {
    for (let done = 0; done < length; ) {
      const { bytesRead } = await this.handle.read(buffer, offset + done, length - done, position + done);
      if (bytesRead === 0) throw new Error('it became shorter while it was read');
      done += bytesRead;
    }
  }

  override close(callback: (error: Error | null) => void): void {
    setImmediate(callback, null);
  }
}

async function openForReading(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'r');
  } catch (error) {
    throw unreadable(file, error);
  }
}
