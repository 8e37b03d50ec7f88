/** @file Tables of VinVL and Oscar in zip and gzip archives: rows are read as they are inflated, never from a disk. */

import { readdirSync } from 'node:fs';
import path from 'node:path';
import { LxmertError } from '../../common/errors.js';
import { openGzip } from '../../formats/lines/gzipSource.js';
import type { StreamSource } from '../../formats/lines/streamSource.js';
import { unpackZipMember } from '../../formats/zip/zipFile.js';
import { openTsvInZip } from '../../formats/zip/zipMemberSource.js';
import { listZipMembers } from '../../formats/zip/zipMembers.js';
import type { StatedSource } from './indexedRows.js';
import { readPictureSizes, readSizesTable } from './pictureSizes.js';
import type { RowSource } from './rowSource.js';
import { beginsVinvlTable } from './vinvlRow.js';
import { chooseSizes } from './vinvlSizes.js';
import { openVinvl, type VinvlSizes } from './vinvlTable.js';

/** What the first bytes of a table tell by. */
const HEAD_BYTES = 2048;
/** A line for each of COCO's 123,287 pictures takes 7 MB. */
const MAX_SIZES_BYTES = 1 << 28;

/**
 * Opens the table in an archive.
 *
 * @param member of a zip archive, where it holds several tables
 * @returns rows of a table of VinVL's; bytes of any other. Either must be closed
 * @throws UsageError for an archive without a table; LxmertError for one that is damaged
 */
export async function openArchivedTable(
  archive: string,
  kind: 'zip' | 'gzip',
  member?: string,
  stated: StatedSource = {},
): Promise<RowSource | StreamSource> {
  const bytes = kind === 'zip' ? await openTsvInZip(archive, member) : await openGzip(archive);
  try {
    if (!beginsVinvlTable(await headOf(bytes))) return bytes;
    const source = await openVinvl(bytes, await findSizes(archive, kind, bytes.fileName), stated);
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
  kind: 'zip' | 'gzip',
  table: string,
): Promise<VinvlSizes | undefined> {
  const members = kind === 'zip' ? await listZipMembers(archive) : [];
  const inside = chooseSizes(
    table,
    members.map(({ name }) => name),
  );
  const found = members.find(({ name }) => name === inside);
  if (found !== undefined) {
    if (found.numBytes > MAX_SIZES_BYTES)
      throw new LxmertError(
        `${archive}: ${found.name} has ${found.numBytes} bytes, too many for sizes of pictures.`,
      );
    const chunks: Buffer[] = [];
    for await (const chunk of unpackZipMember(archive, found)) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString('utf8');
    return { file: found.name, sizes: readSizesTable(`${archive}: ${found.name}`, text) };
  }
  const folder = path.dirname(archive);
  const beside = chooseSizes(table, readdirSync(folder));
  if (beside === undefined) return undefined;
  return { file: beside, sizes: readPictureSizes(path.join(folder, beside)) };
}
