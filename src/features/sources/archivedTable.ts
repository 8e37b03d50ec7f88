/** @file Features in zip, gzip and tar archives: rows are read as they are inflated, never from a disk. */

import { readdirSync } from 'node:fs';
import path from 'node:path';
import { LxmertError, UsageError } from '../../common/errors.js';
import { openGzip } from '../../formats/lines/gzipSource.js';
import type { StreamSource } from '../../formats/lines/streamSource.js';
import { isTarFile } from '../../formats/tar/tarFile.js';
import { beginsWithArrays, openArrayTar } from './arrayTar.js';
import type { StatedSource } from './indexedRows.js';
import { type OpenArchive, openTarArchive, openZipArchive } from './openArchive.js';
import { readPictureSizes, readSizesTable } from './pictureSizes.js';
import type { RowSource } from './rowSource.js';
import { beginsVinvlTable } from './vinvlRow.js';
import { chooseSizes } from './vinvlSizes.js';
import { openVinvl, type VinvlSizes } from './vinvlTable.js';

/** What the first bytes of a table tell by. */
const HEAD_BYTES = 2048;
/** A line for each of COCO's 123,287 pictures takes 7 MB. */
const MAX_SIZES_BYTES = 1 << 28;

/** Archives whose features are read as they are. */
export type ArchiveKind = 'zip' | 'gzip' | 'tar';

/**
 * Opens the features in an archive: a table, or in a tar archive NumPy files, one a picture.
 *
 * @param member of a zip or tar archive, where it holds several tables
 * @returns rows of NumPy files and of a table of VinVL's; bytes of any other table. Either must be closed
 * @throws UsageError for an archive without features that are read so; LxmertError for one that is damaged
 */
export async function openArchivedTable(
  archive: string,
  kind: ArchiveKind,
  member?: string,
  stated: StatedSource = {},
): Promise<RowSource | StreamSource> {
  const isTar = kind === 'tar' || (kind === 'gzip' && (await isTarFile(archive)));
  if (isTar && member === undefined && (await beginsWithArrays(archive)))
    return await openArrayTar(archive, stated);
  const opened = isTar
    ? await openTarArchive(archive)
    : kind === 'zip'
      ? await openZipArchive(archive)
      : undefined;
  if (opened === undefined && member !== undefined)
    throw new UsageError(`--member names a file in a zip or tar archive, and ${archive} is none.`);
  const bytes = opened === undefined ? await openGzip(archive) : await opened.open(member);
  try {
    if (!beginsVinvlTable(await headOf(bytes))) return bytes;
    const source = await openVinvl(bytes, await findSizes(archive, opened, bytes.fileName), stated);
    return { ...source, close: () => bytes.close() };
  } catch (error) {
    bytes.close();
    throw error;
  }
}

async function headOf(bytes: StreamSource): Promise<Buffer> {
  const head = Buffer.alloc(HEAD_BYTES);
  const cursor = await bytes.open(0);
  try {
    let length = 0;
    for (;;) {
      const numRead = await cursor.read(head, length, HEAD_BYTES - length);
      length += numRead;
      if (numRead === 0 || length === HEAD_BYTES) return head.subarray(0, length);
    }
  } finally {
    await cursor.close();
  }
}

/** The table of sizes in the same archive, or beside it. */
async function findSizes(
  archive: string,
  opened: OpenArchive | undefined,
  table: string,
): Promise<VinvlSizes | undefined> {
  const members = opened?.members ?? [];
  const inside = chooseSizes(
    table,
    members.map(({ name }) => name),
  );
  const found = members.find(({ name }) => name === inside);
  if (found !== undefined && opened !== undefined) {
    if (found.numBytes > MAX_SIZES_BYTES)
      throw new LxmertError(
        `${archive}: ${found.name} has ${found.numBytes} bytes, too many for sizes of pictures.`,
      );
    const chunks: Uint8Array[] = [];
    for await (const chunk of opened.unpack(found.name)) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString('utf8');
    return { file: found.name, sizes: readSizesTable(`${archive}: ${found.name}`, text) };
  }
  const folder = path.dirname(archive);
  const beside = chooseSizes(table, readdirSync(folder));
  if (beside === undefined) return undefined;
  return { file: beside, sizes: readPictureSizes(path.join(folder, beside)) };
}
