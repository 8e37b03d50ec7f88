/** @file The folder of a training run: its configuration, logs and snapshots. */

import { appendFileSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { removePartialFiles, writeFileAtomic } from '../common/atomicFile.js';
import { messageOf, UsageError } from '../common/errors.js';

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
} as const;

/** Names of the weights that a pre-training leaves in its run folder, the reference's. */
export const PRETRAINED_FILES = {
  best: RUN_FILES.bestPretrained,
  last: 'LAST_LXRT.pth',
  /** @param epoch from 0; names count from 1 */
  epoch: (epoch: number): string => `Epoch${String(epoch + 1).padStart(2, '0')}_LXRT.pth`,
} as const;

export class RunFolder {
  #isOurs: boolean;

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
  }

  /**
   * Makes the folder.
   *
   * @throws UsageError when it holds files already: a run never overwrites another
   */
  static async create(folder: string): Promise<RunFolder> {
    await mkdir(folder, { recursive: true });
    const found = await readdir(folder);
    if (found.length > 0) {
      throw new UsageError(
        `The run folder '${folder}' is not empty (it holds ${found.slice(0, 3).join(', ')}). Name another with --output, or remove it.`,
      );
    }
    return new RunFolder(folder);
  }

  /**
   * The folder of a run that goes on; made when it is not there yet, so that one command line serves for the first
   * start and for all others.
   *
   * @throws UsageError when it holds files but is no run folder
   */
  static async open(folder: string): Promise<RunFolder> {
    const found: string[] = await readdir(folder).catch(() => []);
    if (found.length > 0 && !found.includes(RUN_FILES.config)) {
      throw new UsageError(
        `'${folder}' holds files but no ${RUN_FILES.config}, so it is no run that could be resumed. Name the run's folder with --output.`,
      );
    }
    await mkdir(folder, { recursive: true });
    await removePartialFiles(folder);
    return new RunFolder(folder);
  }

  /** A JSON file of the run, or undefined when it is not there. */
  async readJson(name: string): Promise<unknown> {
    const text = await readFile(this.file(name), 'utf8').catch(() => undefined);
    return text === undefined ? undefined : (JSON.parse(text) as unknown);
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
    appendFileSync(this.file(RUN_FILES.log), `${line}\n`);
  }

  /** Appends what ended the run, as far as the disk allows: the error itself is what must reach the caller. */
  logEnd(error: unknown): void {
    try {
      this.log(`Ended by a failure: ${messageOf(error)}`);
    } catch {
      // The disk is full or gone, which is likely what the error says.
    }
  }

  /** Appends one record to metrics.jsonl. */
  metrics(record: object): void {
    if (!this.#isOurs) return;
    appendFileSync(this.file(RUN_FILES.metrics), `${JSON.stringify(record)}\n`);
  }
}
