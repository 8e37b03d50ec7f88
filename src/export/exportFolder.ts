/** @file The folder that an export goes into: what may be written there, and what is taken back when it fails. */

import { existsSync } from 'node:fs';
import { readdir, readFile, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { writeFileAtomic } from '../common/atomicFile.js';
import { UsageError } from '../common/errors.js';
import { sha256Of } from '../formats/hashes/sha256.js';
import { MANIFEST_FILE, type Manifest, parseManifest } from '../runtime/index.js';

type FileFacts = Manifest['files'][string];

/** Files are written one after another, the manifest last; {@link takeBack} removes those that were not there before. */
export class ExportFolder {
  readonly #written = new Map<string, FileFacts>();
  readonly #created: string[] = [];

  private constructor(
    readonly path: string,
    /** What an earlier export left. */
    readonly manifest: Manifest | undefined,
    private readonly isNew: boolean,
  ) {}

  /** @throws LxmertError for a folder with a manifest that is none */
  static async open(folder: string): Promise<ExportFolder> {
    const file = path.join(folder, MANIFEST_FILE);
    const manifest = existsSync(file) ? parseManifest(await readFile(file, 'utf8'), file) : undefined;
    return new ExportFolder(folder, manifest, !existsSync(folder));
  }

  /**
   * @param texts what is to be written, by path; a file that says the same already is no hindrance
   * @param others files of which only the path is known
   * @throws UsageError when a file is there that no export wrote
   */
  async requireFree(texts: Readonly<Record<string, string>>, others: readonly string[]): Promise<void> {
    for (const name of [...Object.keys(texts), ...others, MANIFEST_FILE]) {
      const file = this.fileOf(name);
      const isOwn = name === MANIFEST_FILE ? this.manifest !== undefined : this.#isListed(name);
      if (isOwn || !existsSync(file)) continue;
      if (texts[name] !== undefined && (await readFile(file, 'utf8')) === texts[name]) continue;
      throw new UsageError(
        `${file} is there already, and no export wrote it. Name another folder with --out, or move the file away.`,
      );
    }
  }

  fileOf(name: string): string {
    return path.join(this.path, ...name.split('/'));
  }

  /** Says that a file is about to be written by somebody else, so that it is taken back as well. */
  announce(name: string): void {
    if (!existsSync(this.fileOf(name))) this.#created.push(name);
  }

  /** Records what was written. */
  record(name: string, { numBytes, sha256 }: FileFacts): void {
    this.#written.set(name, { numBytes, sha256 });
  }

  async write(name: string, text: string): Promise<void> {
    this.announce(name);
    await writeFileAtomic(this.fileOf(name), text);
    this.record(name, { numBytes: Buffer.byteLength(text), sha256: sha256Of(text) });
  }

  /** Writes the manifest, with the facts of what was written and of what was there before and is still named. */
  async finish<M extends Manifest>(manifest: Omit<M, 'files'>, kept: readonly string[]): Promise<M> {
    const before = this.manifest?.files ?? {};
    const files = Object.fromEntries([
      ...kept.filter((name) => before[name] !== undefined).map((name) => [name, before[name]] as const),
      ...this.#written,
    ]);
    const whole = { ...manifest, files } as M;
    await writeFileAtomic(this.fileOf(MANIFEST_FILE), `${JSON.stringify(whole, null, 2)}\n`);
    // What an earlier export wrote and this one does without.
    for (const name of Object.keys(before)) {
      if (!Object.hasOwn(files, name)) await rm(this.fileOf(name), { force: true });
    }
    return whole;
  }

  /** After a failure: removes what was not there before. */
  async takeBack(): Promise<void> {
    for (const name of this.#created) await rm(this.fileOf(name), { force: true });
    const folders = new Set([this.path, ...this.#created.map((name) => path.dirname(this.fileOf(name)))]);
    for (const folder of [...folders].sort((a, b) => b.length - a.length)) {
      if (folder !== this.path || this.isNew) await removeIfEmpty(folder);
    }
  }

  #isListed(name: string): boolean {
    return this.manifest !== undefined && Object.hasOwn(this.manifest.files, name);
  }
}

async function removeIfEmpty(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => ['unreadable']);
  if (names.length === 0) await rmdir(folder).catch(() => undefined);
}
