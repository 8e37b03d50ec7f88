/** @file Which of an archive's files is the table of features, by their names, and what an archive without one is. */

import path from 'node:path';
import { UsageError } from '../common/errors.js';
import { type StreamSource, streamSource } from './lines/streamSource.js';
import { isShadow } from './memberNames.js';
import { isSizesTable } from './tableNames.js';

/** A file of an archive. */
export interface ArchiveMember {
  /** Its path in the archive. */
  readonly name: string;
  /** Unpacked. */
  readonly numBytes: number;
}

/** An archive as messages speak of it. */
export interface OpenedArchive {
  readonly archive: string;
  readonly kind: 'zip' | 'tar';
}

/** The command that unpacks an archive to the folder NEW. */
export function unpackingOf({ archive, kind }: OpenedArchive): string {
  return kind === 'zip' ? 'unzip -d NEW' : `mkdir NEW && tar -xf ${archive} -C NEW`;
}

/** Names of tables: `.tsv` and, of split ones, `.tsv.0`; `.csv`, then `.txt`, where there is no other. */
const TABLE_NAMES = [/\.tsv(\.\d+)?$/i, /\.csv$/i, /\.txt$/i];

/**
 * The table in an archive, or the parts of one (`x.tsv.0`, `x.tsv.1` and so on) in their order.
 *
 * @param name of the wanted one; when absent, the archive must hold exactly one table, or the parts of one
 * @throws UsageError when there is no such member or several
 */
export function chooseTable<T extends ArchiveMember>(
  opened: OpenedArchive,
  members: readonly T[],
  name?: string,
): readonly T[] {
  const { archive } = opened;
  const files = members.filter((each) => !isShadow(each.name));
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
      ? `${archive} holds no TSV file${othersIn(files, opened)}; expected one whose name ends in .tsv, .txt or .csv.`
      : `${archive} holds ${tables.length} TSV files; name one of them (--member): ${names.join(', ')}.`,
  );
}

/** Without the table of picture sizes that VinVL keeps beside its features. */
function withoutSizes<T extends ArchiveMember>(tables: readonly T[]): readonly T[] {
  const others = tables.filter(({ name }) => !isSizesTable(name));
  return others.length === 0 ? tables : others;
}

/** The member of this name in whatever folder, where there is one alone. */
function onlyOne<T extends ArchiveMember>(files: readonly T[], name: string): T | undefined {
  const [found, ...others] = files.filter((each) => each.name.endsWith(`/${name}`));
  return others.length === 0 ? found : undefined;
}

/** What an archive without a table is. */
function othersIn(members: readonly ArchiveMember[], opened: OpenedArchive): string {
  const [first] = members;
  if (first === undefined) return '';
  const unpack = unpackingOf(opened);
  if (opened.kind === 'zip' && members.every(({ name }) => /\.npy$/i.test(name)))
    return ': it is a NumPy archive (.npz), which is read by: lxmert features convert';
  const array = members.find(({ name }) => /\.np[yz]$/i.test(name));
  if (array !== undefined)
    return `: it holds NumPy files, the first ${array.name}. Unpack it to a folder (${unpack}), then: lxmert features convert NEW FOLDER`;
  if (members.some(({ name }) => /(^|\/)data\.pkl$/.test(name))) return ': it is a PyTorch file (.pth, .pt)';
  const placed = members.find(({ name }) => READ_AT_PLACES.test(name));
  if (placed !== undefined)
    return (
      `: it holds ${placed.name}, of which parts are read at any place, which a packed file does not allow. Unpack it to a ` +
      `folder (${unpack}), then: lxmert features convert NEW/${unpackedPath(placed.name)} FOLDER`
    );
  const packed = /\.(gz|bz2|xz|zip|tar|tgz|7z)$/i.test(first.name) ? ' (unpack the archive, then that)' : '';
  return ` but ${members.length} other ${members.length === 1 ? 'file' : 'files'}, the first ${first.name}${packed}`;
}

/** The bytes of a table's parts, one after the other. */
export function tableSource(
  archive: string,
  parts: readonly ArchiveMember[],
  chunks: () => AsyncGenerator<Buffer, void, void>,
): StreamSource {
  const [first] = parts as [ArchiveMember, ...ArchiveMember[]];
  const more = parts.length === 1 ? '' : ` and ${parts.length - 1} more`;
  const size = parts.reduce((sum, { numBytes }) => sum + numBytes, 0);
  const fileName = path.posix.basename(first.name);
  return streamSource({ name: `${archive}: ${first.name}${more}`, fileName, size: async () => size }, chunks);
}

/** Whether a name is that of a file of features of another kind. */
export function isNoTable(name: string): boolean {
  return READ_AT_PLACES.test(name) || /\.np[yz]$/i.test(name);
}

/** Names of files of features that are no tables. */
const READ_AT_PLACES = /\.(h5|hdf5|mdb|pt|arrow|feather)$/i;

/** What is converted of an archive that was unpacked: of LMDB, and of GQA's files that belong together, their folder. */
function unpackedPath(name: string): string {
  return /(\.mdb|gqa_objects_\d+\.h5)$/i.test(name) ? name.slice(0, name.lastIndexOf('/') + 1) : name;
}

function arePartsOfOne(tables: readonly ArchiveMember[]): boolean {
  const stems = new Set(tables.map(({ name }) => /^(.*\.tsv)\.\d+$/i.exec(name)?.[1]));
  return tables.length > 1 && stems.size === 1 && !stems.has(undefined);
}

function inOrder<T extends ArchiveMember>(parts: readonly T[]): T[] {
  const numberOf = ({ name }: ArchiveMember) => Number(/\.(\d+)$/.exec(name)?.[1] ?? 0);
  return [...parts].sort((a, b) => numberOf(a) - numberOf(b));
}
