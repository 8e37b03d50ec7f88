/** @file A TSV file in a zip archive as a source of bytes: inflated on the way, never written to a disk. */

import { LxmertError, messageOf } from '../../common/errors.js';
import type { StreamSource } from '../lines/streamSource.js';
import { chooseTable, tableSource } from '../tableMembers.js';
import type { ZipMember } from './zipDirectory.js';
import { unpackZipMember } from './zipFile.js';
import { listZipMembers } from './zipMembers.js';

/**
 * Opens the TSV file in an archive, or its numbered parts (`x.tsv.0`, `x.tsv.1` and so on) one after the other.
 *
 * A deflated stream can only be read from its beginning, so a reading that starts further on inflates and drops
 * what comes before. Whoever reads to the end has the members' lengths and CRC-32 checked.
 *
 * @param member its name; when absent, the archive must hold exactly one TSV file, or the parts of one.
 * @throws UsageError when there is no such member or several; LxmertError for a damaged archive.
 */
export async function openTsvInZip(archive: string, member?: string): Promise<StreamSource> {
  const found = chooseTable({ archive, kind: 'zip' }, await listZipMembers(archive), member);
  return tableSource(archive, found, () => unpacked(archive, found));
}

async function* unpacked(archive: string, members: readonly ZipMember[]): AsyncGenerator<Buffer, void, void> {
  for (const member of members) yield* unpackMember(archive, member);
}

/** The bytes of a member. @throws LxmertError when it is damaged */
export async function* unpackMember(archive: string, member: ZipMember): AsyncGenerator<Buffer, void, void> {
  try {
    yield* unpackZipMember(archive, member);
  } catch (error) {
    throw new LxmertError(
      `${archive}: ${member.name} is damaged: ${messageOf(error)}. Fetch the archive again, and begin the store anew.`,
      { cause: error },
    );
  }
}
