/** @file What is examined as one: a file, a store or a folder of features, a run's or an exported folder, the pictures of a folder. */

import { type Dirent, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { unreadable } from '../common/errors.js';
import { findFormat } from '../features/fileInfo.js';
import { MANIFEST_FILE } from '../formats/exportedManifest.js';

/** A file or folder, and what it is examined as. */
export interface Subject {
  readonly path: string;
  readonly as: 'file' | 'store' | 'features' | 'run' | 'exported' | 'pictures' | 'problem';
  /** The pictures, or the one sentence about what cannot be examined. */
  readonly files?: readonly string[];
  readonly problem?: string;
}

/** How deep folders are looked through. */
const MAX_DEPTH = 6;
/** Files that are examined one by one; more are counted. */
const MAX_SUBJECTS = 300;
/** From so many pictures on, those of a folder are examined together. */
const MANY_PICTURES = 4;
/** What lies in a folder that holds region features in another program's form, a file a picture or one for all. */
const FEATURE_FILE = /\.(np[yz]|mdb|h5)$|^gqa_objects_info\.json$/i;
const PICTURE = /\.(jpe?g|png|webp|gif|tiff?|bmp|heic|avif)$/i;

/** The subjects of some paths, in order; no path is given twice. `numLeftOut` files were too many. */
export function findSubjects(paths: readonly string[]): { subjects: Subject[]; numLeftOut: number } {
  const search = new Search();
  for (const each of paths) search.add(each, 0);
  return { subjects: search.subjects, numLeftOut: search.numLeftOut };
}

class Search {
  readonly subjects: Subject[] = [];
  numLeftOut = 0;
  readonly #known = new Set<string>();

  add(location: string, depth: number): void {
    const whole = path.resolve(location);
    if (this.#known.has(whole)) return;
    this.#known.add(whole);
    try {
      const found = statSync(location, { throwIfNoEntry: false });
      if (found === undefined) this.#problem(location, `There is no file or folder '${location}'.`);
      else if (found.isDirectory()) this.#addFolder(location, depth);
      // A pipe would be waited for without end.
      else if (!found.isFile()) this.#problem(location, `'${location}' is neither a file nor a folder.`);
      else this.#push({ path: location, as: 'file' });
    } catch (error) {
      this.#problem(location, unreadable(location, error).message);
    }
  }

  #addFolder(folder: string, depth: number): void {
    const entries = readdirSync(folder, { withFileTypes: true })
      .filter(({ name }) => !name.startsWith('.') && name !== 'node_modules')
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    const names = new Set(entries.map(({ name }) => name));
    if (entries.some(({ name }) => /^shard-\d{5}\.safetensors$/.test(name))) {
      this.#push({ path: folder, as: 'store' });
      return;
    }
    if (names.has(MANIFEST_FILE)) {
      this.#push({ path: folder, as: 'exported' });
      return;
    }
    if (names.has('config.json') && (names.has('log.log') || names.has('metrics.jsonl'))) {
      this.#push({ path: folder, as: 'run' });
      return;
    }
    if (
      entries.length > 0 &&
      entries.every(({ name }) => FEATURE_FILE.test(name)) &&
      findFormat(folder) !== undefined
    ) {
      this.#push({ path: folder, as: 'features' });
      return;
    }
    const pictures = entries.filter((entry) => entry.isFile() && PICTURE.test(entry.name));
    const areMany = pictures.length >= MANY_PICTURES;
    if (areMany) {
      this.#push({
        path: folder,
        as: 'pictures',
        files: pictures.map(({ name }) => path.join(folder, name)),
      });
    }
    if (entries.length === 0) this.#problem(folder, `The folder '${folder}' is empty.`);
    for (const entry of entries) {
      if (areMany && pictures.includes(entry)) continue;
      if (isFolder(entry) && depth >= MAX_DEPTH) this.numLeftOut++;
      // Links to folders could lead in circles; links to files are what people keep data with.
      else if (
        !entry.isSymbolicLink() ||
        statSync(path.join(folder, entry.name), { throwIfNoEntry: false })?.isFile()
      ) {
        this.add(path.join(folder, entry.name), depth + 1);
      }
    }
  }

  #push(subject: Subject): void {
    if (this.subjects.length >= MAX_SUBJECTS) this.numLeftOut++;
    else this.subjects.push(subject);
  }

  #problem(location: string, problem: string): void {
    this.#push({ path: location, as: 'problem', problem });
  }
}

function isFolder(entry: Dirent): boolean {
  return entry.isDirectory();
}
