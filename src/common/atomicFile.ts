/** @file Writing files so that a reader sees the old content or the new, never half of it. */

import { randomBytes } from 'node:crypto';
import { type FileHandle, lstat, open, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { UsageError } from './errors.js';
import { makeFolder } from './makeFolder.js';
import { aboutFile } from './systemFault.js';

/**
 * A file being written under a temporary name; it takes its real name in {@link commit}. Pipes and devices, such as `/dev/null`,
 * are written to as they are: a file in their place would be the end of them.
 */
export class AtomicFile {
  private constructor(
    readonly path: string,
    readonly temporaryPath: string,
    readonly handle: FileHandle,
  ) {}

  /**
   * Creates the folder if needed and opens a temporary file beside `target`.
   *
   * @throws UsageError for a name of this process's output, such as `/dev/stdout`, that leads to a file
   */
  static async create(target: string): Promise<AtomicFile> {
    const folder = path.dirname(target);
    makeFolder(folder);
    const temporary = (await isPipeOrDevice(target))
      ? target
      : path.join(folder, `.${path.basename(target)}.${randomBytes(6).toString('hex')}.partial`);
    const handle = await open(temporary, temporary === target ? 'w' : 'wx').catch((error: unknown) => {
      throw aboutFile(error, target);
    });
    return new AtomicFile(target, temporary, handle);
  }

  /** Flushes to the disk, closes, and renames onto the target. */
  async commit(): Promise<void> {
    if (this.temporaryPath === this.path) return await this.handle.close();
    await this.handle.sync();
    await this.handle.close();
    await rename(this.temporaryPath, this.path).catch((error: unknown) => {
      throw aboutFile(error, this.path);
    });
    await syncFolder(path.dirname(this.path));
  }

  /** Closes and removes the temporary file; the target stays as it was. */
  async abandon(): Promise<void> {
    await this.handle.close().catch(() => undefined);
    if (this.temporaryPath !== this.path) await rm(this.temporaryPath, { force: true });
  }
}

/** @throws UsageError for a name of this process's output that leads to a file */
async function isPipeOrDevice(target: string): Promise<boolean> {
  const found = await stat(target).catch(() => undefined);
  if (found === undefined || found.isDirectory()) return false;
  if (!found.isFile()) return true;
  if (/^\/(dev|proc)\//.test(path.resolve(target)) && (await lstat(target)).isSymbolicLink())
    throw new UsageError(`'${target}' leads to a file here. Name the file itself.`);
  return false;
}

/** Writes a whole file atomically: temporary name, fsync, rename. */
export async function writeFileAtomic(target: string, data: string | Uint8Array): Promise<void> {
  await withAtomicFile(target, (file) => file.handle.writeFile(data));
}

/** Runs `write` on a temporary file and commits it, or removes it when `write` throws. */
export async function withAtomicFile<T>(target: string, write: (file: AtomicFile) => Promise<T>): Promise<T> {
  const file = await AtomicFile.create(target);
  try {
    const result = await write(file);
    await file.commit();
    return result;
  } catch (error) {
    await file.abandon();
    throw error instanceof Error && 'path' in error ? error : aboutFile(error, target);
  }
}

/** Removes what writers that were killed left in a folder. Nobody may be writing there. */
export async function removePartialFiles(folder: string): Promise<void> {
  const found: string[] = await readdir(folder).catch(() => []);
  for (const name of found) {
    if (/^\..*\.[0-9a-f]{12}\.partial$/.test(name)) await rm(path.join(folder, name), { force: true });
  }
}

/** Makes a rename durable; not every file system lets a folder be synced, and then there is nothing to do. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}
