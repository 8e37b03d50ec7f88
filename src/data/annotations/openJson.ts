/** @file A JSON file as it was downloaded: as it is, in a zip or tar archive, compressed by gzip, or a Parquet table of the same. */

import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { LxmertError, messageOf, UsageError, unreadable } from '../../common/errors.js';
import { type ContentKind, type ContentKindName, readContentKind } from '../../formats/contentKind.js';
import { isTarFile } from '../../formats/tar/tarFile.js';
import { listJsonMembers } from '../prepare/archiveMembers.js';
import { fileSource, type JsonSource } from './jsonSource.js';
import { parquetSource } from './parquetSource.js';

/** Names that a message about an archive lists. */
const MAX_LISTED = 6;

/** What may hold JSON, or is text of some other kind, about which its reader says more. */
const TEXTS: readonly ContentKindName[] = ['jsonArray', 'jsonObject', 'text', 'empty', 'zeros'];

/** Ways from other kinds of table to JSON. */
const WAYS: Partial<Record<ContentKindName, string>> = {
  pickle: 'Write the data from Python with json.dump.',
};

/**
 * The JSON text of a file: itself, the only JSON file of a zip or tar archive, what gzip packed, or the rows of a Parquet table.
 * What the file is shows in its first bytes, whatever its name says.
 *
 * @param expected for the message about another file, as it stands behind "expected"
 * @throws UsageError for a file that is missing, and for an archive with several JSON files
 * @throws LxmertError that names what the file is, when it holds no text
 */
export async function openJson(file: string, expected: string): Promise<JsonSource> {
  const { kind, name } = contentOf(file);
  if (TEXTS.includes(kind)) return fileSource(file);
  if (kind === 'zip' || (await isTarFile(file))) return onlyMember(file, expected);
  if (kind === 'gzip') return { name: file, open: () => unzipped(file) };
  if (kind === 'parquet') return parquetSource(file);
  const way = WAYS[kind];
  throw new LxmertError(`${file} is ${name}; expected ${expected}.${way === undefined ? '' : ` ${way}`}`);
}

function contentOf(file: string): ContentKind {
  try {
    return readContentKind(file);
  } catch (error) {
    throw unreadable(file, error);
  }
}

async function onlyMember(archive: string, expected: string): Promise<JsonSource> {
  const members = (await listJsonMembers(archive)).filter(({ path }) => /\.jsonl?$/i.test(path));
  const [only] = members;
  if (only !== undefined && members.length === 1) return only;
  if (only === undefined) throw new LxmertError(`${archive} holds no JSON file; expected ${expected}.`);
  const names = members.slice(0, MAX_LISTED).map(({ path }) => path);
  const more = members.length > names.length ? ` and ${members.length - names.length} more` : '';
  throw new UsageError(
    `${archive} holds ${members.length} JSON files (${names.join(', ')}${more}); which one is meant does not show. Unpack it and name the file.`,
  );
}

async function* unzipped(file: string): AsyncGenerator<Uint8Array> {
  const packed = createReadStream(file);
  const gunzip = createGunzip();
  packed.on('error', (error) => gunzip.destroy(error));
  try {
    for await (const piece of packed.pipe(gunzip)) yield piece as Uint8Array;
  } catch (error) {
    throw new LxmertError(`${file} cannot be unpacked: ${messageOf(error)}. Get it again.`, { cause: error });
  } finally {
    packed.destroy();
  }
}
