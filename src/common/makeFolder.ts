/** @file Making folders, with the system's true reason when one cannot be made. */

import { mkdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { hasErrorCode } from './errors.js';

/**
 * Makes a folder and those on the way to it.
 *
 * @throws the system's error for the folder that could not be made
 */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw trueReason(folder, error);
  }
}

/** As {@link makeFolder}, at once. */
export function makeFolderSync(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw trueReason(folder, error);
  }
}

/**
 * On a file system that can only be read Node.js says that there is no such folder (its recursive mkdir, all versions up to
 * 26): the first folder that is missing is asked for by itself.
 */
function trueReason(folder: string, error: unknown): unknown {
  if (!hasErrorCode(error, 'ENOENT')) return error;
  try {
    mkdirSync(folder);
    return error;
  } catch (reason) {
    const parent = path.dirname(folder);
    return hasErrorCode(reason, 'ENOENT') && parent !== folder ? trueReason(parent, reason) : reason;
  }
}
