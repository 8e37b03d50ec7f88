/**
 * @file Making folders, with the system's reason when one cannot be made. Node's own recursive mkdir (all versions up to 26)
 * says of a file system that can only be read that there is no such folder, and never ends on one that takes no folders,
 * such as /proc.
 */

import { mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { hasErrorCode, LxmertError } from './errors.js';

/**
 * Makes a folder and those on the way to it.
 *
 * @throws the system's error for the folder that could not be made
 */
export function makeFolder(folder: string): void {
  if (isMade(folder)) return;
  const parent = path.dirname(path.resolve(folder));
  makeFolder(parent);
  if (isMade(folder)) return;
  throw new LxmertError(`The folder '${folder}' cannot be made: the file system of '${parent}' takes none.`);
}

/** @returns false when there is no folder to make it in */
function isMade(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch (error) {
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return true;
    if (hasErrorCode(error, 'ENOENT') && path.dirname(path.resolve(folder)) !== path.resolve(folder))
      return false;
    throw error;
  }
}
