/** @file Members of zip archives as streams. Nothing is unpacked: a member's name is looked at, never used as a path. */

import type { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import yauzl from 'yauzl';
import { LxmertError, messageOf } from '../../common/errors.js';
import type { JsonSource } from '../annotations/jsonSource.js';

/** An archive with more members than this is none of annotations. */
const MAX_MEMBERS = 100_000;

/** A member that has not been read yet. */
export interface ZipMember extends JsonSource {
  /** Its path in the archive. */
  readonly path: string;
}

/**
 * The files of an archive, without folders and without what macOS adds (`__MACOSX/`).
 *
 * @throws LxmertError when it is no zip archive, or when a name is absolute, leaves the folder or has a backslash: an
 *   honest archive has none, so the whole is refused
 */
export async function listZipMembers(archive: string): Promise<ZipMember[]> {
  const members: ZipMember[] = [];
  const paths = new Set<string>();
  await eachEntry(archive, ({ fileName }) => {
    if (fileName.endsWith('/') || fileName.startsWith('__MACOSX/')) return 'next';
    if (paths.has(fileName)) throw new LxmertError(`${archive} has two members named '${fileName}'.`);
    if (paths.size >= MAX_MEMBERS) {
      throw new LxmertError(`${archive} has more than ${MAX_MEMBERS} members; no archive of questions does.`);
    }
    paths.add(fileName);
    const name = `${archive}, member '${fileName}'`;
    members.push({ path: fileName, name, open: () => readMember(archive, fileName, name) });
    return 'next';
  });
  return members;
}

/** The unpacked bytes of one member; its length and checksum are compared with the archive's. */
async function* readMember(archive: string, wanted: string, name: string): AsyncGenerator<Uint8Array> {
  const zip = await openZip(archive);
  try {
    const entry = await findEntry(zip, archive, wanted);
    if (entry.isEncrypted()) {
      throw new LxmertError(`${name} is encrypted. Unpack it with its password and give the JSON file.`);
    }
    let checksum = 0;
    try {
      for await (const piece of await openEntry(zip, entry)) {
        checksum = crc32(piece as Uint8Array, checksum);
        yield piece as Uint8Array;
      }
    } catch (error) {
      if (error instanceof LxmertError) throw error;
      throw new LxmertError(
        `${name} cannot be unpacked: ${messageOf(error)}. The archive is damaged; get it again.`,
      );
    }
    if (checksum !== entry.crc32) {
      throw new LxmertError(
        `${name} does not have the checksum that the archive states. Get the archive again.`,
      );
    }
  } finally {
    zip.close();
  }
}

async function findEntry(zip: yauzl.ZipFile, archive: string, wanted: string): Promise<yauzl.Entry> {
  let found: yauzl.Entry | undefined;
  await walk(zip, archive, (entry) => {
    if (entry.fileName !== wanted) return 'next';
    found = entry;
    return 'stop';
  });
  if (found === undefined) throw new LxmertError(`${archive} no longer has the member '${wanted}'.`);
  return found;
}

async function eachEntry(archive: string, visit: (entry: yauzl.Entry) => 'next' | 'stop'): Promise<void> {
  const zip = await openZip(archive);
  try {
    await walk(zip, archive, visit);
  } finally {
    zip.close();
  }
}

function openZip(archive: string): Promise<yauzl.ZipFile> {
  return new Promise((resolve, reject) => {
    // yauzl refuses names that are absolute or leave the folder; strictFileNames refuses backslashes too.
    yauzl.open(archive, { lazyEntries: true, autoClose: false, strictFileNames: true }, (error, zip) => {
      if (error === null) resolve(zip);
      else reject(damaged(archive, error));
    });
  });
}

function walk(
  zip: yauzl.ZipFile,
  archive: string,
  visit: (entry: yauzl.Entry) => 'next' | 'stop',
): Promise<void> {
  return new Promise((resolve, reject) => {
    zip.on('error', (error) => reject(damaged(archive, error)));
    zip.on('end', () => resolve());
    zip.on('entry', (entry: yauzl.Entry) => {
      try {
        if (visit(entry) === 'next') zip.readEntry();
        else resolve();
      } catch (error) {
        reject(error);
      }
    });
    zip.readEntry();
  });
}

function openEntry(zip: yauzl.ZipFile, entry: yauzl.Entry): Promise<Readable> {
  return new Promise((resolve, reject) => {
    zip.openReadStream(entry, (error, stream) => (error === null ? resolve(stream) : reject(error)));
  });
}

function damaged(archive: string, error: unknown): LxmertError {
  const message = messageOf(error);
  if (/fileName|relative path|absolute path/.test(message)) {
    return new LxmertError(
      `${archive} has a member whose name would lead out of its folder (${message}). ` +
        'No honest archive has; it is not read.',
    );
  }
  return new LxmertError(`${archive} is not a whole zip archive: ${message}.`);
}
