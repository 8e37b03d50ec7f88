/** @file The files in a folder and in those within it. */

import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { unreadable } from '../common/errors.js';

/** What systems put beside pictures and no person looks for, in small letters. */
const SYSTEM_FILES: readonly string[] = [
  'thumbs.db',
  'ehthumbs.db',
  'desktop.ini',
  '$recycle.bin',
  '__macosx',
];

export interface FolderFiles {
  /** Sorted by path (by code units, the same on every machine). */
  readonly files: readonly string[];
  /** Files and folders that were passed over by their names: those that begin with a dot, and those of systems. */
  readonly hidden: readonly string[];
}

/**
 * Symbolic links are followed, and no folder is entered twice. Pipes, sockets and devices are no files.
 *
 * @throws LxmertError for a folder that cannot be read
 */
export async function filesBelow(top: string): Promise<FolderFiles> {
  const files: string[] = [];
  const hidden: string[] = [];
  // True paths, so that a link back to a folder that was entered ends there.
  const entered = new Set<string>();
  const waiting = [top];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    const place = await truePath(folder);
    if (entered.has(place)) continue;
    entered.add(place);
    const linked: string[] = [];
    for (const entry of await entriesOf(folder)) {
      const file = path.join(folder, entry.name);
      if (isHidden(entry.name)) hidden.push(file);
      else if (entry.isDirectory()) waiting.push(file);
      else if (entry.isSymbolicLink() && (await leadsToFolder(file))) linked.push(file);
      else if (!isSpecial(entry)) files.push(file);
    }
    // At the bottom: a folder is listed by its own path where it has one within `top`, and else by a link's.
    waiting.unshift(...linked);
  }
  return { files: files.sort(), hidden };
}

/** The path without symbolic links, or as it is where it leads nowhere. */
export async function truePath(file: string): Promise<string> {
  return realpath(file).catch(() => path.resolve(file));
}

function isHidden(name: string): boolean {
  return name.startsWith('.') || SYSTEM_FILES.includes(name.toLowerCase());
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (cause) {
    throw unreadable(folder, cause);
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
