/** @file Official data files as they were downloaded: JSON files, packed by gzip, in zip or tar archives, folders of them. */

import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { hasErrorCode, LxmertError, UsageError } from '../../common/errors.js';
import { readContentKind } from '../../formats/contentKind.js';
import { type FileForm, HEAD_BYTES, recogniseContent } from '../../formats/forms/index.js';
import { isTarFile } from '../../formats/tar/tarFile.js';
import type { ExampleFileKind } from '../annotations/exampleFile.js';
import { fileSource, type JsonSource } from '../annotations/jsonSource.js';
import { openJson } from '../annotations/openJson.js';
import { parquetSource } from '../annotations/parquetSource.js';
import { listJsonMembers } from './archiveMembers.js';

/** A JSON file, on disk or in an archive, or a table, known by its own name without folders. */
export interface RawFile extends JsonSource {
  readonly baseName: string;
  /** Named by the user itself, rather than found in a folder or an archive. */
  readonly isNamed: boolean;
  /** The path that a command takes: its own, or its archive's. */
  readonly location: string;
  /** A Parquet table, one of several that make a split perhaps; its name is its path. */
  readonly isTable?: boolean;
}

/** Name of the file that is made of one under its own name: JSON lines become a list. */
export function preparedName({ baseName }: RawFile): string {
  return baseName.replace(/\.jsonl?$/i, '.json');
}

/** How deep a folder is looked through: GQA keeps a part of its questions in folders of their own. */
const FOLDER_DEPTH = 2;

/** Files that a message about what is missing looks into. */
const MAX_RECOGNISED = 3;

/**
 * All JSON files that `paths` hold: files as they are, archives by their members, folders by the JSON files
 * and archives in them and in the folders directly below.
 *
 * @throws UsageError for a path that does not exist; LxmertError for an archive that is damaged or hostile
 */
export async function openRawFiles(paths: readonly string[]): Promise<RawFile[]> {
  const files: RawFile[] = [];
  for (const each of paths) files.push(...(await filesAt(each, FOLDER_DEPTH)));
  return files;
}

/**
 * The one file whose name is, or matches, what is wanted; undefined without one. Several with the same content are one file, which is said.
 *
 * @param note told what was read once only
 * @throws UsageError when there are several: which one is meant is not for a program to guess
 */
export async function onlyFile(
  files: readonly RawFile[],
  wanted: RegExp | string,
  note: (line: string) => void,
): Promise<RawFile | undefined> {
  const [first, ...others] = files.filter(({ baseName }) =>
    typeof wanted === 'string' ? baseName === wanted : wanted.test(baseName),
  );
  if (first === undefined) return undefined;
  for (const other of others) {
    if (other.name === first.name) {
      note(`${first.name} was named twice and is read once.`);
    } else if ((await contentHash(other)) === (await contentHash(first))) {
      note(`${other.name} has the same content as ${first.name}, which is read.`);
    } else {
      throw new UsageError(
        `Both ${first.name} and ${other.name} were found, and their contents differ; give only one of them.`,
      );
    }
  }
  return first;
}

/**
 * The error for sources without a file of the data set: what was expected, what was found, what those files are.
 *
 * @param expected whole, as in "No VQA questions were found: expected names that end in ..."
 */
export async function nothingFound(expected: string, files: readonly RawFile[]): Promise<UsageError> {
  const named = files.filter(({ isNamed }) => isNamed);
  const found = new Set<string>();
  for (const file of named.length > 0 ? named : files) {
    if (found.size === MAX_RECOGNISED) break;
    found.add(await whatItIs(file));
  }
  return new UsageError(`${expected}, found ${describeFiles(files)}.${[...found].join('')}`);
}

/**
 * Passes on what is read from a file; when reading fails since the file is another, the error says which, and the command
 * that takes it.
 *
 * @param expected what the file should be, as it stands behind "expected"
 * @param forms the forms of files that are such, whose faults are left as they are
 */
export async function* readRawAs<T>(
  file: RawFile,
  { expected, forms }: ExampleFileKind,
  records: AsyncIterable<T>,
): AsyncGenerator<T> {
  try {
    yield* records;
  } catch (error) {
    if (!(error instanceof LxmertError) || error instanceof UsageError) throw error;
    const form = await formOfRaw(file);
    if (form === undefined || forms.includes(form.form)) throw error;
    throw new LxmertError(`${file.name} holds ${form.title}; expected ${expected}. ${form.wayOn}`, {
      cause: error,
    });
  }
}

/** What a file is by its content, wherever it lies; undefined for no known form and for what cannot be read. */
export async function formOfRaw(file: RawFile): Promise<FileForm | undefined> {
  try {
    const pieces: Uint8Array[] = [];
    let numBytes = 0;
    for await (const piece of file.open()) {
      pieces.push(piece);
      numBytes += piece.length;
      if (numBytes >= HEAD_BYTES) break;
    }
    const head = Buffer.concat(pieces)
      .toString('utf8')
      .replace(/^\ufeff/, '');
    const isAll = numBytes < HEAD_BYTES;
    return recogniseContent(file.location, { head, tail: '', numBytes: isAll ? numBytes : Infinity });
  } catch {
    return undefined;
  }
}

/** The names of `files` for a message about what is missing. */
function describeFiles(files: readonly RawFile[]): string {
  if (files.length === 0) return 'no JSON file';
  const names = files.slice(0, 8).map((file) => file.baseName);
  return names.join(', ') + (files.length > names.length ? ` and ${files.length - names.length} more` : '');
}

/** A sentence behind a blank. Members of one archive that are of one form give the same. */
async function whatItIs(file: RawFile): Promise<string> {
  const form = await formOfRaw(file);
  if (form !== undefined) return ` ${file.location} holds ${form.title}. ${form.wayOn}`;
  return file.name === file.location ? ` ${file.name} is ${readContentKind(file.name).name}.` : '';
}

async function contentHash(file: RawFile): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of file.open()) hash.update(piece);
  return hash.digest('hex');
}

async function filesAt(location: string, depth: number): Promise<RawFile[]> {
  const found = await stat(location).catch((error: unknown) => {
    if (hasErrorCode(error, 'ENOENT')) throw new UsageError(`There is no file or folder '${location}'.`);
    throw error;
  });
  if (found.isDirectory()) return depth === 0 ? [] : filesIn(location, depth);
  if (!found.isFile()) throw new UsageError(`'${location}' is neither a file nor a folder.`);
  const baseName = path.basename(location);
  const isNamed = depth === FOLDER_DEPTH;
  const { kind } = readContentKind(location);
  if (kind === 'parquet') return [{ ...parquetSource(location), baseName, isNamed, location, isTable: true }];
  if (kind === 'gzip' && /\.json(\.gz)?$/i.test(location)) {
    const source = await openJson(location, 'JSON');
    return [{ ...source, baseName: baseName.replace(/\.gz$/i, ''), isNamed: false, location }];
  }
  const isArchive = kind === 'zip' || /\.zip$/i.test(location) || (await isTarFile(location));
  if (!isArchive) return [{ ...sourceOf(location), baseName, isNamed, location }];
  const members = await listJsonMembers(location);
  return members
    .filter((member) => /\.jsonl?$/i.test(member.path))
    .map((member) => ({ ...member, baseName: path.posix.basename(member.path), isNamed: false, location }));
}

/** A file beside those that are wanted may be anything: what it is matters once it is read. */
function sourceOf(location: string): JsonSource {
  const source = fileSource(location);
  return {
    ...source,
    async *open() {
      // It says what else the file is.
      await openJson(location, 'official JSON');
      yield* source.open();
    },
  };
}

/** A tar archive is read through to be listed: larger ones are of pictures, and are looked into only when they are named. */
const MAX_TAR_BYTES = 256 * 2 ** 20;

async function filesIn(folder: string, depth: number): Promise<RawFile[]> {
  const inside: RawFile[] = [];
  for (const entry of (await readdir(folder, { withFileTypes: true })).sort(byName)) {
    const isWanted =
      entry.isDirectory() || /\.(jsonl?|json\.gz|zip|tar|tar\.gz|tgz|parquet)$/i.test(entry.name);
    if (!isWanted || entry.name.startsWith('.')) continue;
    const isTar = /\.(tar|tar\.gz|tgz)$/i.test(entry.name);
    if (isTar && (await stat(path.join(folder, entry.name))).size > MAX_TAR_BYTES) continue;
    const files = await filesAt(path.join(folder, entry.name), depth - 1 + Number(!entry.isDirectory()));
    inside.push(...files.map((file) => ({ ...file, isNamed: false })));
  }
  return inside;
}

function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : 1;
}
