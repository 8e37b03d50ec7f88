/** @file The directory of a zip file, checked so that every entry's bytes lie in the file and in no other entry. */

import yauzl from 'yauzl';
import { messageOf } from '../../common/errors.js';
import { CheckpointError } from '../checkpointError.js';
import type { FileReader } from './fileReader.js';

// What yauzl 3 offers beyond its published types.
declare module 'yauzl' {
  interface ZipFile {
    eachEntry(): AsyncIterable<Entry>;
    readLocalFileHeaderPromise(entry: Entry, options: { minimal: true }): Promise<{ fileDataStart: number }>;
  }
}

/** A stored (uncompressed) member: `byteLength` bytes at `byteOffset` of the archive. */
export interface ZipMember {
  readonly name: string;
  readonly byteOffset: number;
  readonly byteLength: number;
  readonly crc32: number;
}

/** A full-size training snapshot has some 1,500 members. */
const maxMembers = 100_000;

/** Lists the members of an archive by name. @throws CheckpointError when the archive is damaged or compressed. */
export async function readZipDirectory(file: FileReader): Promise<Map<string, ZipMember>> {
  try {
    return await listMembers(file);
  } catch (error) {
    if (error instanceof CheckpointError) throw error;
    const message = messageOf(error);
    if (message.includes('End of central directory')) {
      throw new CheckpointError(
        file.path,
        `the file is cut short: it begins as a zip archive (the layout of newer .pth files), but the directory at its end is missing. Download or copy it again.`,
        { cause: error },
      );
    }
    throw new CheckpointError(
      file.path,
      `the zip archive is damaged (${message}). Download or copy it again.`,
      {
        cause: error,
      },
    );
  }
}

async function listMembers(file: FileReader): Promise<Map<string, ZipMember>> {
  const archive = await openArchive(file);
  const members = new Map<string, ZipMember>();
  const extents: Array<{ name: string; start: number; end: number }> = [];
  for await (const entry of archive.eachEntry()) {
    const name = entry.fileName;
    if (members.has(name)) throw new Error(`it lists ${name} twice`);
    if (members.size >= maxMembers) throw new Error(`it has more than ${maxMembers} members`);
    if (entry.isEncrypted()) throw new Error(`${name} is encrypted`);
    if (entry.compressionMethod !== 0) {
      throw new CheckpointError(
        file.path,
        `${name} is compressed inside the zip archive, and torch stores weights uncompressed. Unpack the archive and pack it again without compression (zip -0 -r).`,
      );
    }
    if (entry.compressedSize !== entry.uncompressedSize) throw new Error(`${name} has two different sizes`);
    const { fileDataStart } = await archive.readLocalFileHeaderPromise(entry, { minimal: true });
    const end = fileDataStart + entry.compressedSize;
    if (!(end <= file.size)) throw new Error(`${name} should end at byte ${end} of ${file.size}`);
    members.set(name, {
      name,
      byteOffset: fileDataStart,
      byteLength: entry.compressedSize,
      crc32: entry.crc32,
    });
    extents.push({ name, start: entry.relativeOffsetOfLocalHeader, end });
  }
  requireDisjoint(extents);
  return members;
}

function requireDisjoint(extents: Array<{ name: string; start: number; end: number }>): void {
  extents.sort((a, b) => a.start - b.start);
  for (const [i, extent] of extents.entries()) {
    const next = extents[i + 1];
    if (next !== undefined && extent.end > next.start)
      throw new Error(`${extent.name} and ${next.name} overlap`);
  }
}

function openArchive(file: FileReader): Promise<yauzl.ZipFile> {
  return new Promise((resolve, reject) => {
    const options = { lazyEntries: true, autoClose: false };
    yauzl.fromRandomAccessReader(new BoundedReader(file), file.size, options, (error, archive) => {
      if (error) reject(error);
      else resolve(archive);
    });
  });
}

/** Hands yauzl the open file; a position that a hostile archive made up becomes an error, not a crash. */
class BoundedReader extends yauzl.RandomAccessReader {
  constructor(private readonly file: FileReader) {
    super();
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    let failure: Error | null = null;
    try {
      if (!(position >= 0 && position + length <= this.file.size)) {
        throw new Error(`it points to byte ${position + length}, and has ${this.file.size}`);
      }
      this.file.read(position, length).copy(buffer, offset);
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
    }
    setImmediate(callback, failure);
  }

  override close(callback: (error: Error | null) => void): void {
    setImmediate(callback, null);
  }
}
