/** @file Members of zip and tar archives as streams. Nothing is unpacked: a name is looked at, never used as a path. */

import { LxmertError, messageOf } from '../../common/errors.js';
import { isShadow, leadsOut, leadsOutError } from '../../formats/memberNames.js';
import { isTarFile, listTarFile, readTarMember } from '../../formats/tar/tarFile.js';
import { MAX_ZIP_MEMBERS, type ZipMember } from '../../formats/zip/zipDirectory.js';
import { ZipFault } from '../../formats/zip/zipFault.js';
import { listZipFile, unpackZipMember } from '../../formats/zip/zipFile.js';
import type { JsonSource } from '../annotations/jsonSource.js';

/** A member that has not been read yet. */
export interface JsonMember extends JsonSource {
  /** Its path in the archive. */
  readonly path: string;
}

/**
 * The files of an archive, without folders and without what macOS adds (`__MACOSX/`).
 *
 * @throws LxmertError when it is no whole archive, or when a name is absolute, leaves the folder or has a backslash: an
 *   honest archive has none, so the whole is refused
 */
export async function listJsonMembers(archive: string): Promise<JsonMember[]> {
  return (await isTarFile(archive)) ? await listTarMembers(archive) : await listZipMembers(archive);
}

async function listTarMembers(archive: string): Promise<JsonMember[]> {
  const members = await listTarFile(archive).catch((error: unknown) => {
    if (error instanceof LxmertError) throw error;
    throw new LxmertError(`${archive} is not a whole tar archive: ${messageOf(error)}. Get it again.`, {
      cause: error,
    });
  });
  const hostile = members.find(({ name }) => leadsOut(name));
  if (hostile !== undefined) throw leadsOutError(archive, hostile.name);
  const names = new Set<string>();
  for (const { name } of members) {
    if (names.has(name)) throw twice(archive, name);
    names.add(name);
  }
  return members
    .filter(({ name }) => !isShadow(name))
    .map(({ name: path }) => {
      const name = `${archive}, member '${path}'`;
      return { path, name, open: () => readFromTar(archive, path, name) };
    });
}

async function* readFromTar(archive: string, path: string, name: string): AsyncGenerator<Uint8Array> {
  try {
    yield* readTarMember(archive, path);
  } catch (error) {
    throw damaged(name, error);
  }
}

async function listZipMembers(archive: string): Promise<JsonMember[]> {
  const members = await listZipFile(archive).catch((error: unknown) => {
    throw error instanceof ZipFault ? faultError(archive, error) : error;
  });
  return members
    .filter(({ name }) => !name.endsWith('/') && !isShadow(name))
    .map((member) => {
      const name = `${archive}, member '${member.name}'`;
      return { path: member.name, name, open: () => readMember(archive, member, name) };
    });
}

/** The unpacked bytes of one member; its length and checksum are compared with the archive's. */
async function* readMember(archive: string, member: ZipMember, name: string): AsyncGenerator<Uint8Array> {
  if (member.isEncrypted)
    throw new LxmertError(`${name} is encrypted. Unpack it with its password and give the JSON file.`);
  try {
    yield* unpackZipMember(archive, member);
  } catch (error) {
    if (!(error instanceof ZipFault && error.kind === 'checksum')) throw damaged(name, error);
    throw new LxmertError(
      `${name} does not have the checksum that the archive states. Get the archive again.`,
      { cause: error },
    );
  }
}

function damaged(name: string, error: unknown): LxmertError {
  return new LxmertError(
    `${name} cannot be unpacked: ${messageOf(error)}. The archive is damaged; get it again.`,
    { cause: error },
  );
}

function twice(archive: string, member: string | undefined): LxmertError {
  return new LxmertError(`${archive} has two members named '${member}'.`);
}

function faultError(archive: string, { kind, message, member }: ZipFault): LxmertError {
  switch (kind) {
    case 'name':
      return leadsOutError(archive, message);
    case 'twice':
      return twice(archive, member);
    case 'crowded':
      return new LxmertError(
        `${archive} has more than ${MAX_ZIP_MEMBERS} members; no archive of questions does.`,
      );
    default:
      return new LxmertError(`${archive} is not a whole zip archive: ${message}.`);
  }
}
