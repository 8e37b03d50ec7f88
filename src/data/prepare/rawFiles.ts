/** @file Official data files as they were downloaded: JSON files, zip archives of them, folders of both. */

import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { hasErrorCode, UsageError } from '../../common/errors.js';
import { fileSource, type JsonSource } from '../annotations/jsonSource.js';
import { listJsonMembers } from './zipMembers.js';

/** A JSON file, on disk or in an archive, known by its own name without folders. */
export interface RawFile extends JsonSource {
  readonly baseName: string;
}

/** How deep a folder is looked through: GQA keeps a part of its questions in folders of their own. */
const FOLDER_DEPTH = 2;

/**
 * All JSON files that `paths` hold: files as they are, archives by their members, folders by the `.json` and `.zip` files
 * in them and in the folders directly below.
 *
 * @throws UsageError for a path that does not exist; LxmertError for an archive that is damaged or hostile
 */
export async function openRawFiles(paths: readonly string[]): Promise<RawFile[]> {
  const files: RawFile[] = [];
  for (const each of paths) files.push(...(await filesAt(each, FOLDER_DEPTH)));
  return files;
}

/**
 * The one file whose name matches `pattern`, or undefined.
 *
 * @throws UsageError when there are several: which one is meant is not for a program to guess
 */
export function onlyFile(files: readonly RawFile[], pattern: RegExp): RawFile | undefined {
  const [first, second] = files.filter((file) => pattern.test(file.baseName));
  if (first !== undefined && second !== undefined) {
    throw new UsageError(`Both ${first.name} and ${second.name} were found; give only one of them.`);
  }
  return first;
}

/** The names of `files` for a message about what is missing. */
export function describeFiles(files: readonly RawFile[]): string {
  if (files.length === 0) return 'no JSON file';
  const names = files.slice(0, 8).map((file) => file.baseName);
  return names.join(', ') + (files.length > names.length ? ` and ${files.length - names.length} more` : '');
}

async function filesAt(location: string, depth: number): Promise<RawFile[]> {
  const found = await stat(location).catch((error: unknown) => {
    if (hasErrorCode(error, 'ENOENT')) throw new UsageError(`There is no file or folder '${location}'.`);
    throw error;
  });
  if (found.isDirectory()) {
    if (depth === 0) return [];
    const inside: RawFile[] = [];
    for (const entry of (await readdir(location, { withFileTypes: true })).sort(byName)) {
      const isWanted = entry.isDirectory() || /\.(json|zip)$/i.test(entry.name);
      if (isWanted && !entry.name.startsWith('.')) {
        inside.push(
          ...(await filesAt(path.join(location, entry.name), depth - 1 + Number(!entry.isDirectory()))),
        );
      }
    }
    return inside;
  }
  if (!found.isFile()) throw new UsageError(`'${location}' is neither a file nor a folder.`);
  if (!/\.zip$/i.test(location)) return [{ ...fileSource(location), baseName: path.basename(location) }];
  const members = await listJsonMembers(location);
  return members
    .filter((member) => /\.json$/i.test(member.path))
    .map((member) => ({ ...member, baseName: path.posix.basename(member.path) }));
}

function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : 1;
}
