/** @file Zip and tar archives as what tables are taken from: a list of files, and their bytes. */

import type { StreamSource } from '../../formats/lines/streamSource.js';
import type { ArchiveMember } from '../../formats/tableMembers.js';
import { readTarMember } from '../../formats/tar/tarFile.js';
import { damagedTar, listTarTables, openTsvInTar } from '../../formats/tar/tarTable.js';
import type { ZipMember } from '../../formats/zip/zipDirectory.js';
import { openTsvInZip, unpackMember } from '../../formats/zip/zipMemberSource.js';
import { listZipMembers } from '../../formats/zip/zipMembers.js';

/** An archive whose files are known. */
export interface OpenArchive {
  readonly members: readonly ArchiveMember[];
  /** The table of that name, or the only one. @throws UsageError when there is none or several */
  open(member: string | undefined): Promise<StreamSource>;
  /** The bytes of one file. */
  unpack(name: string): AsyncIterable<Uint8Array>;
}

/** @throws LxmertError for a damaged archive */
export async function openZipArchive(archive: string): Promise<OpenArchive> {
  const members = await listZipMembers(archive);
  const named = (name: string) => members.find((member) => member.name === name) as ZipMember;
  return {
    members,
    open: (member) => openTsvInZip(archive, member),
    unpack: (name) => unpackMember(archive, named(name)),
  };
}

/** Reads the archive through. @throws LxmertError for a damaged archive */
export async function openTarArchive(archive: string): Promise<OpenArchive> {
  const members = await listTarTables(archive);
  return {
    members,
    open: async (member) => openTsvInTar(archive, members, member),
    async *unpack(name) {
      try {
        yield* readTarMember(archive, name);
      } catch (error) {
        throw damagedTar(archive, error);
      }
    },
  };
}
