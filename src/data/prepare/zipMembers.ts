/** @file Members of zip archives as streams. Nothing is unpacked: a member's name is looked at, never used as a path. */

import { LxmertError, messageOf } from '../../common/errors.js';
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
 * @throws LxmertError when it is no zip archive, or when a name is absolute, leaves the folder or has a backslash: an
 *   honest archive has none, so the whole is refused
 */
export async function listJsonMembers(archive: string): Promise<JsonMember[]> {
  const members = await listZipFile(archive).catch((error: unknown) => {
    throw error instanceof ZipFault ? faultError(archive, error) : error;
  });
  return members
    .filter(({ name }) => !name.endsWith('/') && !name.startsWith('__MACOSX/'))
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
    throw new LxmertError(
      error instanceof ZipFault && error.kind === 'checksum'
        ? `${name} does not have the checksum that the archive states. Get the archive again.`
        : `${name} cannot be unpacked: ${messageOf(error)}. The archive is damaged; get it again.`,
      { cause: error },
    );
  }
}

function faultError(archive: string, { kind, message, member }: ZipFault): LxmertError {
  switch (kind) {
    case 'name':
      return new LxmertError(
        `${archive} has a member whose name would lead out of its folder (${message}). ` +
          'No honest archive has; it is not read.',
      );
    case 'twice':
      return new LxmertError(`${archive} has two members named '${member}'.`);
    case 'crowded':
      return new LxmertError(
        `${archive} has more than ${MAX_ZIP_MEMBERS} members; no archive of questions does.`,
      );
    default:
      return new LxmertError(`${archive} is not a whole zip archive: ${message}.`);
  }
}
