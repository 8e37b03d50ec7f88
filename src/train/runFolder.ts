/** @file The folder of a training run: its configuration, logs and snapshots. */

import { appendFileSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { writeFileAtomic } from '../common/atomicFile.js';
import { UsageError } from '../common/errors.js';

/** Files of a run folder. */
export const RUN_FILES = {
  config: 'config.json',
  vocabulary: 'vocab.txt',
  answers: 'trainval_label2ans.json',
  log: 'log.log',
  metrics: 'metrics.jsonl',
} as const;

export class RunFolder {
  private constructor(readonly path: string) {}

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

  file(name: string): string {
    return path.join(this.path, name);
  }

  /** Writes a JSON file, indented. */
  async writeJson(name: string, value: unknown): Promise<void> {
    await writeFileAtomic(this.file(name), `${JSON.stringify(value, null, 2)}\n`);
  }

  /** Appends a line for a person to log.log. */
  log(line: string): void {
    appendFileSync(this.file(RUN_FILES.log), `${line}\n`);
  }

  /** Appends one record to metrics.jsonl. */
  metrics(record: object): void {
    appendFileSync(this.file(RUN_FILES.metrics), `${JSON.stringify(record)}\n`);
  }
}
