/** @file Which image files a job is about, from paths, folders and lists, and the id of each. */

import type { Dirent, Stats } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { hasErrorCode, LxmertError, messageOf, UsageError } from '../common/errors.js';
import { imageIdOf } from '../features/files.js';

/** An image file and the id that its row of features gets. */
export interface ImageFile {
  readonly id: string;
  readonly file: string;
}

/** Ends of the names that a search through a folder takes for images, in small or capital letters. */
const IMAGE_EXTENSIONS: readonly string[] = [
  '.jpg',
  '.jpeg',
  '.jpe',
  '.jfif',
  '.png',
  '.webp',
  '.gif',
  '.tif',
  '.tiff',
];

/** Paths looked at together; more would only queue. */
const NUM_AT_ONCE = 32;

/**
 * The images that `sources` name, in their order. A file is taken whatever its name ends with; of a folder the files
 * with an image's ending are taken, its subfolders included, sorted by path (by code units, the same on every
 * machine). Names that begin with a dot are passed over in folders: they are what systems leave beside images.
 * Symbolic links are followed, and no folder is entered twice. A file that is met again is listed once.
 *
 * @throws UsageError for a source that is not there or a folder without images, and when two different files have
 * one id; LxmertError for a folder that cannot be read.
 */
export async function listImageFiles(sources: readonly string[]): Promise<ImageFile[]> {
  const listing = new Listing();
  for (let start = 0; start < sources.length; start += NUM_AT_ONCE) {
    const some = sources.slice(start, start + NUM_AT_ONCE);
    const stats = await Promise.all(some.map(statusOf));
    for (const [i, status] of stats.entries()) await listing.addSource(some[i] as string, status);
  }
  return [...listing.images.values()];
}

/** What was found so far. */
class Listing {
  readonly images = new Map<string, ImageFile>();

  async addSource(source: string, status: Stats): Promise<void> {
    if (!status.isDirectory()) {
      if (!status.isFile()) throw new UsageError(`${source} is neither a file nor a folder.`);
      await this.#add(source);
      return;
    }
    const found = await filesBelow(source);
    if (found.length === 0) {
      throw new UsageError(
        `There is no image in the folder ${source}, nor in the folders within it; names that end with ` +
          `${IMAGE_EXTENSIONS.join(', ')} were looked for.`,
      );
    }
    for (const file of found) await this.#add(file);
  }

  async #add(file: string): Promise<void> {
    const id = imageIdOf(file);
    const earlier = this.images.get(id);
    if (earlier === undefined) this.images.set(id, { id, file });
    else if ((await truePath(earlier.file)) !== (await truePath(file))) {
      throw new UsageError(
        `Two images have the id '${id}' (the file name up to its first dot): ${earlier.file} and ${file}. ` +
          'Rename one, or run them as separate jobs.',
      );
    }
  }
}

async function statusOf(source: string): Promise<Stats> {
  try {
    return await stat(source);
  } catch (cause) {
    if (hasErrorCode(cause, 'ENOENT') || hasErrorCode(cause, 'ENOTDIR')) {
      throw new UsageError(`There is no file or folder '${source}'.`, { cause });
    }
    throw new LxmertError(`'${source}' cannot be read: ${messageOf(cause)}.`, { cause });
  }
}

/** Images in a folder and in those within it, sorted by path. */
async function filesBelow(top: string): Promise<string[]> {
  const found: string[] = [];
  // True paths, so that a link back to a folder that was entered ends there.
  const entered = new Set<string>();
  const waiting = [top];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    const place = await truePath(folder);
    if (entered.has(place)) continue;
    entered.add(place);
    const linked: string[] = [];
    for (const entry of await entriesOf(folder)) {
      if (entry.name.startsWith('.')) continue;
      const file = path.join(folder, entry.name);
      if (entry.isDirectory()) waiting.push(file);
      else if (entry.isSymbolicLink() && (await leadsToFolder(file))) linked.push(file);
      else if (!isSpecial(entry) && hasImageExtension(entry.name)) found.push(file);
    }
    // At the bottom: a folder is listed by its own path where it has one within `top`, and else by a link's.
    waiting.unshift(...linked);
  }
  return found.sort();
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (cause) {
    throw new LxmertError(`The folder ${folder} cannot be read: ${messageOf(cause)}.`, { cause });
  }
}

/** Pipes, sockets and devices: no pictures, and reading them may never end. */
function isSpecial(entry: Dirent): boolean {
  return !entry.isFile() && !entry.isSymbolicLink();
}

/** A link to nothing counts as a file: whoever reads it reports it, and it is not lost in silence. */
async function leadsToFolder(link: string): Promise<boolean> {
  return stat(link).then(
    (status) => status.isDirectory(),
    () => false,
  );
}

function hasImageExtension(name: string): boolean {
  return IMAGE_EXTENSIONS.includes(path.extname(name).toLowerCase());
}

/** The path without symbolic links, or as it is where it leads nowhere. */
async function truePath(file: string): Promise<string> {
  return realpath(file).catch(() => path.resolve(file));
}
