/** @file A folder for one run of a command. */

import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';

/** Makes the folder, empty whatever was there, and gives its path. */
export function emptyFolder(...parts: string[]): string {
  const made = path.join(...parts);
  rmSync(made, { recursive: true, force: true });
  mkdirSync(made);
  return made;
}
