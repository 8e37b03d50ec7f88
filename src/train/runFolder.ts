/** @file The folder of a training run: its configuration, logs and snapshots. */

import { appendFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { removePartialFiles, writeFileAtomic } from '../common/atomicFile.js';
import { Claim, holderOf } from '../common/claim.js';
import { hasErrorCode, LxmertError, messageOf, UsageError, unreadable } from '../common/errors.js';
import { makeFolder } from '../common/makeFolder.js';
import { aboutFile } from '../common/systemFault.js';
import { parseJson } from '../formats/jsonFault.js';

/** Files of a run folder. */
export const RUN_FILES = {
  config: 'config.json',
  vocabulary: 'vocab.txt',
  answers: 'trainval_label2ans.json',
  /** The same answers in the layout that fine-tuning reads a pre-trained head's from. */
  pretrainingAnswers: 'all_ans.json',
  /** Weights of a pre-training with the lowest validation loss, by the reference's name. */
  bestPretrained: 'BEST_EVAL_LOSS_LXRT.pth',
  log: 'log.log',
  metrics: 'metrics.jsonl',
  snapshots: 'snapshots',
  scores: 'scores.json',
  /** Says which process writes the run, while one does. */
  writer: 'writer.lock',
} as const;

/** Names of the weights that a pre-training leaves in its run folder, the reference's. */
export const PRETRAINED_FILES = {
  best: RUN_FILES.bestPretrained,
  last: 'LAST_LXRT.pth',
  /** @param epoch from 0; names count from 1 */
  epoch: (epoch: number): string => `Epoch${String(epoch + 1).padStart(2, '0')}_LXRT.pth`,
} as const;

/** How often the writer shows that it lives; for machines that cannot ask for its process. */
const RENEWAL_MS = 20_000;

/** The folder of a run while it is written: by one process alone, and never over another run. */
export class RunFolder {
  #isOurs: boolean;
  #isWritten = false;
  #claim: Claim | undefined;
  #renewal: NodeJS.Timeout | undefined;

  private constructor(
    readonly path: string,
    isOurs = true,
  ) {
    this.#isOurs = isOurs;
  }

  /** The folder of a run that another process writes: what is written here goes nowhere. */
  static ofOthers(folder: string): RunFolder {
    return new RunFolder(folder, false);
  }

  /** Whether this process is the one that writes. */
  get isOurs(): boolean {
    return this.#isOurs;
  }

  /** From now on this process writes, since the one that did is gone. */
  takeOver(): void {
    this.#isOurs = true;
    this.#isWritten = true;
  }

  /**
   * Makes the folder.
   *
   * @throws UsageError when it holds files already: a run never overwrites another
   */
  static async create(folder: string): Promise<RunFolder> {
    makeFolder(folder);
    await requireNoWriter(folder);
    requireNew(folder, await readdir(folder));
    return new RunFolder(folder);
  }

  /**
   * The folder of a run that goes on, or of one that begins when there is none yet, so that one command line serves for
   * the first start and for all others. Nothing is written before {@link startWriting}.
   *
   * @throws UsageError when it holds files but is no run folder
   * @throws LxmertError when another process writes the run
   */
  static async open(folder: string): Promise<RunFolder> {
    await requireNoWriter(folder);
    const found: string[] = await readdir(folder).catch((error) => {
      if (hasErrorCode(error, 'ENOENT')) return [];
      throw error;
    });
    if (found.some(isOfRun) && !found.includes(RUN_FILES.config)) {
      throw new UsageError(
        `'${folder}' holds files but no ${RUN_FILES.config}, so it is no run that could be resumed. Name the run's folder with --output.`,
      );
    }
    return new RunFolder(folder);
  }

  /**
   * Makes this process the one that writes the run, until {@link endWriting} or until it ends in whatever way.
   *
   * @param isNew whether the run begins: then the folder must still be empty
   * @throws LxmertError when another process writes it
   */
  async startWriting({ isNew }: { readonly isNew: boolean }): Promise<void> {
    makeFolder(this.path);
    const file = this.file(RUN_FILES.writer);
    this.#claim = await Claim.take(file);
    if (this.#claim === undefined) throw writtenBy(this.path, (await holderOf(file)) ?? 'another process');
    try {
      if (isNew) requireNew(this.path, await readdir(this.path));
      await removePartialFiles(this.path);
    } catch (error) {
      await this.endWriting();
      throw error;
    }
    this.#isWritten = true;
    this.#renewal = setInterval(() => void this.#claim?.renew(), RENEWAL_MS).unref();
  }

  /** Another process may write the run from now on. */
  async endWriting(): Promise<void> {
    clearInterval(this.#renewal);
    await this.#claim?.release();
    this.#claim = undefined;
    this.#isWritten = false;
  }

  /** A JSON file of the run, or undefined when it is not there. @throws LxmertError when it cannot be read as JSON */
  async readJson(name: string): Promise<unknown> {
    const file = this.file(name);
    try {
      return parseJson(await readFile(file, 'utf8'));
    } catch (cause) {
      if (hasErrorCode(cause, 'ENOENT')) return undefined;
      if (cause instanceof Error && 'code' in cause) throw unreadable(file, cause);
      throw new LxmertError(
        `'${file}' is damaged, so the run cannot go on: as JSON, ${messageOf(cause)}. Bring back the file as it was, or start a new run with another --output.`,
        { cause },
      );
    }
  }

  /**
   * Drops the records of metrics.jsonl that a resumed run will write again, and a line that a crash cut short.
   *
   * @param keep whether a record is of what was done before the snapshot
   */
  async keepMetrics(keep: (record: Readonly<Record<string, unknown>>) => boolean): Promise<void> {
    const text = await readFile(this.file(RUN_FILES.metrics), 'utf8').catch(() => '');
    const lines = text.split('\n').filter((line) => {
      try {
        return keep(JSON.parse(line) as Record<string, unknown>);
      } catch {
        return false;
      }
    });
    await writeFileAtomic(this.file(RUN_FILES.metrics), lines.map((line) => `${line}\n`).join(''));
  }

  file(name: string): string {
    return path.join(this.path, name);
  }

  /** Writes a JSON file, indented. */
  async writeJson(name: string, value: unknown): Promise<void> {
    if (!this.#isOurs) return;
    await writeFileAtomic(this.file(name), `${JSON.stringify(value, null, 2)}\n`);
  }

  /** Appends a line for a person to log.log. */
  log(line: string): void {
    if (!this.#isOurs) return;
    this.#append(RUN_FILES.log, `${line}\n`);
  }

  /**
   * Appends what ended the run, as far as the disk allows: the error itself is what must reach the caller. A run that
   * this process does not write stays as it is.
   */
  logEnd(error: unknown): void {
    if (!this.#isWritten) return;
    try {
      this.log(`Ended by a failure: ${messageOf(error)}`);
    } catch {
      // The disk is full or gone, which is likely what the error says.
    }
  }

  /** Appends one record to metrics.jsonl. */
  metrics(record: object): void {
    if (!this.#isOurs) return;
    this.#append(RUN_FILES.metrics, `${JSON.stringify(record)}\n`);
  }

  #append(name: string, line: string): void {
    try {
      appendFileSync(this.file(name), line);
    } catch (error) {
      throw aboutFile(error, this.file(name));
    }
  }
}

/** What is there before a run has its configuration: it is a new one still. */
function isOfRun(name: string): boolean {
  return name !== RUN_FILES.writer && name !== RUN_FILES.log && !/^\..*\.partial$/.test(name);
}

function requireNew(folder: string, names: readonly string[]): void {
  const found = names.filter(isOfRun);
  if (found.length === 0) return;
  const advice = names.includes(RUN_FILES.config)
    ? 'Go on with the run that is there with --resume, or name another folder with --output.'
    : 'Name another with --output.';
  throw new UsageError(
    `The run folder '${folder}' is not empty (it holds ${found.slice(0, 3).join(', ')}). ${advice}`,
  );
}

async function requireNoWriter(folder: string): Promise<void> {
  const holder = await holderOf(path.join(folder, RUN_FILES.writer));
  if (holder !== undefined) throw writtenBy(folder, holder);
}

function writtenBy(folder: string, holder: string): LxmertError {
  return new LxmertError(
    `The run in '${folder}' is being written by ${holder}. Wait until that has ended, or stop it, and go on with --resume; or name another folder with --output.`,
  );
}
