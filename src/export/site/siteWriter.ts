/** @file The folder of a site: what is written into it, and what an earlier export left there. */

import { mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { writeFileAtomic } from '../../common/atomicFile.js';
import { UsageError } from '../../common/errors.js';
import { makeFolder } from '../../common/makeFolder.js';
import { aboutFile } from '../../common/systemFault.js';
import { sha256Of } from '../../formats/hashes/sha256.js';
import { MANIFEST_FILE, type Manifest } from '../../runtime/index.js';
import { SITE_FILE, SITE_FORMAT, type SiteDescription, type SiteFile } from './description.js';
import { copyChecked } from './modelFiles.js';

/**
 * Writes files beside the site's folder and notes them; they take their places together when all are whole, so that a failure
 * leaves what was there before.
 */
export class SiteWriter implements AsyncDisposable {
  readonly files: SiteFile[] = [];
  readonly #beside: string;

  private constructor(
    readonly out: string,
    beside: string,
  ) {
    this.#beside = beside;
  }

  static async create(out: string): Promise<SiteWriter> {
    const whole = path.resolve(out);
    makeFolder(path.dirname(whole));
    const beside = path.join(path.dirname(whole), `.${path.basename(whole)}.`);
    return new SiteWriter(
      out,
      await mkdtemp(beside).catch((error: unknown) => {
        throw aboutFile(error, out);
      }),
    );
  }

  get paths(): string[] {
    return this.files.map((file) => file.path);
  }

  async add(file: string, content: string | Uint8Array): Promise<SiteFile> {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    await writeFileAtomic(path.join(this.#beside, file), bytes);
    const written = { path: file, numBytes: bytes.length, sha256: sha256Of(bytes) };
    this.files.push(written);
    return written;
  }

  /** Copies what a manifest lists, each file checked, and then the manifest. */
  async addFolder(folder: string, into: string, manifest: Manifest): Promise<void> {
    for (const [file, expected] of Object.entries(manifest.files)) {
      const copy = { path: `${into}/${file}`, ...expected };
      await copyChecked(folder, file, expected, path.join(this.#beside, copy.path));
      this.files.push(copy);
    }
    await this.add(`${into}/${MANIFEST_FILE}`, JSON.stringify(manifest, undefined, 1));
  }

  /** Puts everything into the site's folder, in the order in which it was written. */
  async finish(): Promise<void> {
    for (const file of this.paths) {
      const target = path.join(this.out, file);
      makeFolder(path.dirname(target));
      await rename(path.join(this.#beside, file), target);
    }
  }

  /** Removes what did not take its place. */
  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#beside, { recursive: true, force: true });
  }
}

/** The files of an earlier export. @throws UsageError when something else is in the folder */
export async function earlierFiles(out: string): Promise<readonly string[]> {
  const names = await readdir(out).catch((): string[] => []);
  if (names.length === 0) return [];
  const text = await readFile(path.join(out, SITE_FILE), 'utf8').catch(() => '{}');
  const { format, files } = JSON.parse(text) as Partial<SiteDescription>;
  if (format === SITE_FORMAT && Array.isArray(files)) return [...files, SITE_FILE];
  throw new UsageError(`${out} holds files that are no site of lxmert. Name a new or an empty folder.`);
}

/** Removes files of an earlier export. */
export async function removeFiles(out: string, files: readonly string[]): Promise<void> {
  for (const file of files) {
    // The list lies in the folder, where anybody may have changed it.
    const whole = path.resolve(out, file);
    if (whole.startsWith(path.resolve(out) + path.sep)) await rm(whole, { force: true });
  }
}
