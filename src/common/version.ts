/** @file This package's version, read from package.json so that it is written in one place. */

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that holds package.json, whether this runs from `src/` or from `dist/src/`. */
export function packageRoot(): string {
  let folder = path.dirname(fileURLToPath(import.meta.url));
  while (!existsSync(path.join(folder, 'package.json'))) {
    const parent = path.dirname(folder);
    if (parent === folder) throw new Error('package.json of lxmert was not found above its own code.');
    folder = parent;
  }
  return folder;
}

/** As in package.json: "0.1.0". */
export function version(): string {
  const text = readFileSync(path.join(packageRoot(), 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** How files that this program makes call it: `lxmert 0.1.0`. */
export function programName(): string {
  return `lxmert ${version()}`;
}
