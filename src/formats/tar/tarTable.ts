/** @file A TSV file in a tar archive as a source of bytes, which pass by on the way and are never written to a disk. */

import { LxmertError, messageOf } from '../../common/errors.js';
import type { StreamSource } from '../lines/streamSource.js';
import { isShadow, leadsOut, leadsOutError } from '../memberNames.js';
import { chooseTable, tableSource } from '../tableMembers.js';
import { listTarFile, readTarMember, type TarMember } from './tarFile.js';

/**
 * Opens the TSV file among the files of an archive, or its numbered parts one after the other. A reading that starts further
 * on passes over what comes before.
 *
 * @param member its name; when absent, the archive must hold exactly one TSV file, or the parts of one
 * @throws UsageError when there is no such member or several
 */
export function openTsvInTar(archive: string, members: readonly TarMember[], member?: string): StreamSource {
  const found = chooseTable({ archive, kind: 'tar' }, members, member);
  return tableSource(archive, found, () => unpacked(archive, found));
}

/**
 * The files of an archive, which is read through for them. What other systems add of their own (`._NAME`) is left out.
 *
 * @throws LxmertError for one that is cut short, damaged, or has a name that an honest archive has not
 */
export async function listTarTables(archive: string): Promise<TarMember[]> {
  const members = await listTarFile(archive).catch((error: unknown) => {
    throw damagedTar(archive, error);
  });
  return members.filter(({ name }) => isHonest(archive, name));
}

/** False for what is no file of the archive's maker. @throws LxmertError for a name that leads out of a folder */
export function isHonest(archive: string, name: string): boolean {
  if (leadsOut(name)) throw leadsOutError(archive, name);
  return !isShadow(name);
}

/** What a reading of an archive ended with, as a sentence. */
export function damagedTar(archive: string, error: unknown): LxmertError {
  if (error instanceof LxmertError) return error;
  return new LxmertError(
    `${archive} is damaged or cut short: ${messageOf(error)}. Fetch or copy the archive again.`,
    { cause: error },
  );
}

async function* unpacked(archive: string, members: readonly TarMember[]): AsyncGenerator<Buffer, void, void> {
  try {
    for (const { name } of members)
      for await (const piece of readTarMember(archive, name))
        yield Buffer.from(piece.buffer, piece.byteOffset, piece.length);
  } catch (error) {
    throw damagedTar(archive, error);
  }
}
