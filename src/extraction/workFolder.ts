/** @file The folder beside the output that an extraction keeps its state in until the output is whole. */

import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../common/atomicFile.js';
import { Claim, isHeld } from '../common/claim.js';
import { hasErrorCode, LxmertError, UsageError } from '../common/errors.js';
import { makeFolder } from '../common/makeFolder.js';
import { type FeatureDType, type Provenance, provenanceSchema } from '../features/files.js';
import { sha256Of } from '../formats/hashes/sha256.js';
import { formatCount, formatNumber } from '../formats/numbers.js';
import { differencesOf } from './differences.js';
import { isLogName, RowLogWriter } from './rowLog.js';

const jobSchema = z.strictObject({
  format: z.literal('lxmert-extraction'),
  version: z.literal(1),
  provenance: provenanceSchema,
  dtype: z.enum(['float16', 'float32']),
  /** SHA-256 of the list of images. */
  images: z.string(),
  numImages: z.int(),
  blockSize: z.int(),
});
type Job = z.infer<typeof jobSchema>;

/** What all processes of a job must agree on. */
export interface JobSettings {
  readonly provenance: Provenance;
  readonly dtype: FeatureDType;
  readonly imageIds: readonly string[];
  /** Images that a process claims at once. */
  readonly blockSize: number;
}

/** State of a job. Images are handed out in blocks: numbers 0, 1, ... of `blockSize` images of the list each. */
export class WorkFolder {
  private constructor(
    readonly path: string,
    private readonly settings: JobSettings,
  ) {}

  /** Where the state of the extraction to `out` lies. */
  static pathFor(out: string): string {
    return `${out}.extracting`;
  }

  /**
   * Joins the job, begins it, or goes on with an earlier one. Rows of earlier runs are kept, also when the list of
   * images is another now.
   *
   * @throws UsageError when the folder belongs to an extraction with another detector or format, or when other
   * processes are at work on another list; LxmertError when the folder cannot be understood
   */
  static async join(out: string, settings: JobSettings): Promise<WorkFolder> {
    const folder = new WorkFolder(WorkFolder.pathFor(out), settings);
    await folder.#make();
    await folder.#agree();
    return folder;
  }

  /** False once another process has put the output together and removed this folder. */
  get isThere(): boolean {
    return existsSync(this.#job);
  }

  get numBlocks(): number {
    return Math.ceil(this.settings.imageIds.length / this.settings.blockSize);
  }

  /** First image of a block, and the one after its last. */
  rangeOf(block: number): readonly [number, number] {
    const { blockSize, imageIds } = this.settings;
    return [block * blockSize, Math.min(imageIds.length, (block + 1) * blockSize)];
  }

  /** Numbers of the blocks that are done. */
  async doneBlocks(): Promise<Set<number>> {
    await this.#make();
    const names = await readdir(this.#blocks);
    return new Set(names.filter((name) => name.endsWith('.done')).map((name) => Number.parseInt(name, 10)));
  }

  async countDoneImages(): Promise<number> {
    let numImages = 0;
    for (const block of await this.doneBlocks()) {
      const [first, end] = this.rangeOf(block);
      numImages += Math.max(0, end - first);
    }
    return numImages;
  }

  async markDone(block: number): Promise<void> {
    await this.#make();
    await writeFile(path.join(this.#blocks, `${block}.done`), '');
  }

  /** Undefined when another process is at work on it. */
  async claimBlock(block: number): Promise<Claim | undefined> {
    await this.#make();
    return Claim.take(path.join(this.#blocks, `${block}.claim`));
  }

  /** The right to put the output together. Undefined when another process has it. */
  async claimAssembly(): Promise<Claim | undefined> {
    await this.#make();
    return Claim.take(path.join(this.path, 'assembly.claim'));
  }

  newLog(): Promise<RowLogWriter> {
    return RowLogWriter.create(this.path, this.settings.dtype);
  }

  /** Logs of all processes, of earlier runs too. */
  async logs(): Promise<string[]> {
    const names = await readdir(this.path);
    return names
      .filter(isLogName)
      .sort()
      .map((name) => path.join(this.path, name));
  }

  /** For what is put together, before it takes its name. */
  get assembly(): string {
    return path.join(this.path, 'assembly');
  }

  /** Once the output is whole. */
  async remove(): Promise<void> {
    // In one step for others, who may be looking into it.
    const removed = `${this.path}.${randomBytes(4).toString('hex')}`;
    await rename(this.path, removed);
    await rm(removed, { recursive: true, force: true });
  }

  get #blocks(): string {
    return path.join(this.path, 'blocks');
  }

  get #job(): string {
    return path.join(this.path, 'job.json');
  }

  /** Again too where another process has removed it: it then knows the output, and has little left to do. */
  async #make(): Promise<void> {
    makeFolder(this.#blocks);
  }

  async #agree(): Promise<void> {
    const file = this.#job;
    const { provenance, dtype, imageIds, blockSize } = this.settings;
    const mine: Job = {
      format: 'lxmert-extraction',
      version: 1,
      provenance,
      dtype,
      images: sha256Of(imageIds.join('\n')),
      numImages: imageIds.length,
      blockSize,
    };
    const theirs = await readJob(file);
    if (theirs !== undefined) {
      this.#refuseOther(theirs, mine);
      if (theirs.images === mine.images && theirs.blockSize === mine.blockSize) return;
      await this.#startNewList(theirs, mine);
    }
    await writeFileAtomic(file, JSON.stringify(mine));
  }

  #refuseOther(theirs: Job, mine: Job): void {
    const differences = differencesOf(theirs.provenance, mine.provenance);
    if (theirs.dtype !== mine.dtype) differences.push(`dtype "${theirs.dtype}", here it is "${mine.dtype}"`);
    if (differences.length === 0) return;
    throw new UsageError(
      `${this.path} holds an extraction that was begun with ${differences.join('; ')}. ` +
        'Give the same settings to go on with it, or choose another output.',
    );
  }

  /** Blocks of another list say nothing of this one's. */
  async #startNewList(theirs: Job, mine: Job): Promise<void> {
    const names = await readdir(this.#blocks);
    for (const name of names.filter((name) => name.endsWith('.claim'))) {
      if (!(await isHeld(path.join(this.#blocks, name)))) continue;
      throw new UsageError(
        `Another process is at work on ${this.path} with ${describeList(theirs, mine)}. ` +
          'Processes that share a job need the same list; wait for the other, or stop it.',
      );
    }
    await rm(this.#blocks, { recursive: true, force: true });
    makeFolder(this.#blocks);
  }
}

function describeList(theirs: Job, mine: Job): string {
  if (theirs.numImages !== mine.numImages)
    return `a list of ${formatCount(theirs.numImages, 'image')}, where this one's has ${formatNumber(mine.numImages)}`;
  if (theirs.images !== mine.images) return 'another list of images';
  return `blocks of ${theirs.blockSize} images, where this one's have ${mine.blockSize}`;
}

async function readJob(file: string): Promise<Job | undefined> {
  try {
    return jobSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (cause) {
    if (hasErrorCode(cause, 'ENOENT')) return undefined;
    throw new LxmertError(
      `${file} is not the description of an extraction that this program can go on with. Choose another output to begin anew.`,
      { cause },
    );
  }
}
