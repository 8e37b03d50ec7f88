/** @file A TSV file in a zip archive as a source of bytes: inflated on the way, never written to a disk. */

import path from 'node:path';
import { LxmertError, messageOf, UsageError } from '../../common/errors.js';
import { type StreamSource, streamSource } from '../lines/streamSource.js';
import { isSizesTable } from '../tableNames.js';
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
  const found = chooseMembers(archive, await listZipMembers(archive), member);
  const [first] = found as [ZipMember, ...ZipMember[]];
  const more = found.length === 1 ? '' : ` and ${found.length - 1} more`;
  const size = found.reduce((sum, { numBytes }) => sum + numBytes, 0);
  return streamSource(
    {
      name: `${archive}: ${first.name}${more}`,
      fileName: path.posix.basename(first.name),
      size: async () => size,
    },
    () => unpacked(archive, found),
  );
}

/** Names of tables: `.tsv` and, of split ones, `.tsv.0`; `.csv`, then `.txt`, where there is no other. */
const TABLE_NAMES = [/\.tsv(\.\d+)?$/i, /\.csv$/i, /\.txt$/i];

function chooseMembers(
  archive: string,
  members: readonly ZipMember[],
  name: string | undefined,
): readonly ZipMember[] {
  // macOS adds a shadow of every file to the archives it makes.
  const files = members.filter((each) => !each.name.startsWith('__MACOSX/'));
  const [found = []] = TABLE_NAMES.map((pattern) => files.filter((each) => pattern.test(each.name))).filter(
    ({ length }) => length > 0,
  );
  const tables = withoutSizes(found);
  const names = tables.map((each) => each.name).slice(0, 20);
  if (name !== undefined) {
    const stated = members.find((each) => each.name === name) ?? onlyOne(files, name);
    if (stated !== undefined) return [stated];
    throw new UsageError(`${archive} has no member '${name}'. Its TSV files: ${names.join(', ') || 'none'}.`);
  }
  if (tables.length === 1 || arePartsOfOne(tables)) return inOrder(tables);
  throw new UsageError(
    tables.length === 0
      ? `${archive} holds no TSV file${othersIn(files)}; expected one whose name ends in .tsv, .txt or .csv.`
      : `${archive} holds ${tables.length} TSV files; name one of them (--member): ${names.join(', ')}.`,
  );
}

/** Without the table of picture sizes that VinVL keeps beside its features. */
function withoutSizes(tables: readonly ZipMember[]): readonly ZipMember[] {
  const others = tables.filter(({ name }) => !isSizesTable(name));
  return others.length === 0 ? tables : others;
}

/** The member of this name in whatever folder, where there is one alone. */
function onlyOne(files: readonly ZipMember[], name: string): ZipMember | undefined {
  const [found, ...others] = files.filter((each) => each.name.endsWith(`/${name}`));
  return others.length === 0 ? found : undefined;
}

/** What an archive without a table is. */
function othersIn(members: readonly ZipMember[]): string {
  const [first] = members;
  if (first === undefined) return '';
  if (members.every(({ name }) => /\.npy$/i.test(name)))
    return ': it is a NumPy archive (.npz), which is read by: lxmert features convert';
  if (members.every(({ name }) => /\.np[yz]$/i.test(name)))
    return `: it holds ${members.length} NumPy files, the first ${first.name}. Unpack it to a folder (unzip -d NEW), then: lxmert features convert NEW FOLDER`;
  if (members.some(({ name }) => /(^|\/)data\.pkl$/.test(name))) return ': it is a PyTorch file (.pth, .pt)';
  const placed = members.find(({ name }) => READ_AT_PLACES.test(name));
  if (placed !== undefined)
    return (
      `: it holds ${placed.name}, of which parts are read at any place, which a packed file does not allow. Unpack it to a ` +
      `folder (unzip -d NEW), then: lxmert features convert NEW/${unpackedPath(placed.name)} FOLDER`
    );
  const packed = /\.(gz|bz2|xz|zip|tar|tgz|7z)$/i.test(first.name) ? ' (unpack the archive, then that)' : '';
  return ` but ${members.length} other ${members.length === 1 ? 'file' : 'files'}, the first ${first.name}${packed}`;
}

/** Names of files of features that are no tables. */
const READ_AT_PLACES = /\.(h5|hdf5|mdb|pt|arrow|feather)$/i;

/** What is converted of an archive that was unpacked: of LMDB, and of GQA's files that belong together, their folder. */
function unpackedPath(name: string): string {
  return /(\.mdb|gqa_objects_\d+\.h5)$/i.test(name) ? name.slice(0, name.lastIndexOf('/') + 1) : name;
}

function arePartsOfOne(tables: readonly ZipMember[]): boolean {
  const stems = new Set(tables.map(({ name }) => /^(.*\.tsv)\.\d+$/i.exec(name)?.[1]));
  return tables.length > 1 && stems.size === 1 && !stems.has(undefined);
}

function inOrder(parts: readonly ZipMember[]): ZipMember[] {
  const numberOf = ({ name }: ZipMember) => Number(/\.(\d+)$/.exec(name)?.[1] ?? 0);
  return [...parts].sort((a, b) => numberOf(a) - numberOf(b));
}

async function* unpacked(archive: string, members: readonly ZipMember[]): AsyncGenerator<Buffer, void, void> {
  for (const member of members) {
    try {
      yield* unpackZipMember(archive, member);
    } catch (error) {
      throw new LxmertError(
        `${archive}: ${member.name} is damaged: ${messageOf(error)}. Fetch the archive again, and begin the store anew.`,
        { cause: error },
      );
    }
  }
}
