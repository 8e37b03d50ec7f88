/** @file Tar archives of NumPy files, one a picture (`train2014.tar.gz` of openvqa), read as they pass by. */

import { statSync } from 'node:fs';
import path from 'node:path';
import { LxmertError } from '../../common/errors.js';
import { chooseTable, isNoTable, unpackingOf } from '../../formats/tableMembers.js';
import { type PassingMember, passTarMembers } from '../../formats/tar/tarFile.js';
import { damagedTar, isHonest } from '../../formats/tar/tarTable.js';
import { MAX_FILE_BYTES } from './arrayFolder.js';
import type { StatedSource } from './indexedRows.js';
import { readNpzRecord } from './npzRecord.js';
import type { RowSource } from './rowSource.js';
import { openStreamed, type StreamedRecord, StreamFault } from './streamedSource.js';
import { type ArchiveForm, archiveFormOf } from './uniter.js';

type Members = AsyncGenerator<PassingMember, void, undefined>;

/** @throws LxmertError for an archive that is damaged, or holds no picture's regions */
export async function openArrayTar(archive: string, stated: StatedSource): Promise<RowSource> {
  const numBytes = statSync(archive).size;
  let numPassed = 0;
  const members = () =>
    pictures(archive, (taken) => {
      numPassed = taken;
    });
  const form = await formOf(archive, members());
  return await openStreamed(
    {
      name: archive,
      fileName: path.basename(archive),
      numBytes,
      format: 'npz-tar',
      notes: form.notes,
      open: () => records(archive, members(), form),
      share: () => numPassed / numBytes,
    },
    stated,
  );
}

/** Files whose names are looked at: those of others may stand first. */
const NUM_NAMES = 16;

/**
 * Whether an archive is one of NumPy files, as its first files tell.
 *
 * @throws UsageError for what only a folder can be read of; LxmertError for an archive that is damaged
 */
export async function beginsWithArrays(archive: string): Promise<boolean> {
  const members: PassingMember[] = [];
  try {
    for await (const member of passTarMembers(archive)) {
      if (!isHonest(archive, member.name)) continue;
      if (/\.tsv(\.\d+)?$/i.test(member.name)) return false;
      if (member.name.endsWith('.npz')) return true;
      members.push(member);
      // An archive of other features is told without passing through all of it.
      if (isNoTable(member.name)) chooseTable({ archive, kind: 'tar' }, members);
      if (members.length === NUM_NAMES) return false;
    }
  } catch (error) {
    throw damagedTar(archive, error);
  }
  return false;
}

async function formOf(archive: string, members: Members): Promise<ArchiveForm> {
  return await archiveFormOf(async () => {
    for await (const member of members) return await readMember(archive, member);
    return new Map();
  });
}

async function* records(
  archive: string,
  members: Members,
  { idOf }: ArchiveForm,
): AsyncGenerator<StreamedRecord, void, undefined> {
  for await (const member of members) {
    const record = () => readMember(archive, member);
    yield { place: member.name, imageId: idOf(member.name), record };
  }
}

async function readMember(archive: string, { numBytes, isLink, read }: PassingMember) {
  if (isLink)
    throw new LxmertError(
      `it is a link to another file, which has passed by: unpack the archive (${unpackingOf({ archive, kind: 'tar' })}).`,
    );
  if (numBytes > MAX_FILE_BYTES)
    throw new LxmertError(`it has ${numBytes} bytes; a picture's has ${MAX_FILE_BYTES} at most.`);
  const bytes = await read().catch((error: unknown) => {
    throw new StreamFault(damagedTar(archive, error).message, { cause: error });
  });
  return await readNpzRecord(bytes);
}

/** The .npz files of an archive; what else it holds is passed over. @throws LxmertError for what is read in pairs */
async function* pictures(archive: string, onPiece: (numBytes: number) => void): Members {
  try {
    for await (const member of passTarMembers(archive, onPiece)) {
      if (!isHonest(archive, member.name)) continue;
      if (member.name.endsWith('.npz')) yield member;
      else if (member.name.endsWith('.npy'))
        throw new LxmertError(
          `${archive} holds .npz files and ${member.name}: unpack it (${unpackingOf({ archive, kind: 'tar' })}) and move those of one kind to a folder of their own.`,
        );
    }
  } catch (error) {
    throw damagedTar(archive, error);
  }
}
