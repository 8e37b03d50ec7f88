/** @file Files that others published, which tests read and are compared with: test/published, sources in its README. */

import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const root = fileURLToPath(new URL('../published/', import.meta.url));
/** Those that come with the package have their one place there. */
const packaged = fileURLToPath(new URL('../../assets/published/', import.meta.url));
/** Where the files lie that are kept compressed. */
const unpacked = fileURLToPath(new URL('../../build/published/', import.meta.url));

/** A file or folder of test/published; `a.json` is there also where `a.json.gz` is kept. */
export function publishedPath(...parts: string[]): string {
  const places = [root, packaged].map((folder) => path.join(folder, ...parts));
  return places.find((place) => existsSync(place)) ?? path.join(unpacked, ...parts);
}

/** Called once before all tests. */
export function unpackPublished(): void {
  for (const name of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.gz')) continue;
    const target = path.join(unpacked, name.slice(0, -'.gz'.length));
    mkdirSync(path.dirname(target), { recursive: true });
    // By way of another name: a second test run may be reading it.
    const partial = `${target}.${process.pid}`;
    writeFileSync(partial, gunzipSync(readFileSync(path.join(root, name))));
    renameSync(partial, target);
  }
}
