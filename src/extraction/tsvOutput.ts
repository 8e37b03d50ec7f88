/** @file An obj36 TSV file as the output of an extraction, with a file beside it that says where its rows come from. */

import { stat } from 'node:fs/promises';
import { UsageError } from '../common/errors.js';
import { type FeatureRow, readTsvProvenance, writeObj36, writeTsvProvenance } from '../features/files.js';
import { differencesOf } from './differences.js';
import { type KeptRow, rowsOfTsv } from './keptRows.js';
import type { Output, OutputSettings } from './output.js';

export class TsvOutput implements Output {
  /** Kept as long as the file is the same: looking for the rows means reading all of it. */
  #scanned: { readonly identity: string; readonly rows: readonly KeptRow[] } | undefined;

  constructor(
    readonly path: string,
    private readonly settings: OutputSettings,
  ) {}

  async keptRows(): Promise<readonly KeptRow[]> {
    const status = await stat(this.path).catch(() => undefined);
    if (status === undefined) return [];
    if (!status.isFile()) throw new UsageError(`'${this.path}' is a folder; a TSV file was expected there.`);
    const origin = await readTsvProvenance(this.path);
    if (origin === undefined) {
      throw new UsageError(
        `${this.path} exists, and nothing says which detector made it. Choose another output.`,
      );
    }
    const differences = differencesOf(origin.provenance, this.settings.provenance);
    if (differences.length > 0) {
      throw new UsageError(
        `${this.path} was made with ${differences.join('; ')}. Features of different origins must not be mixed: ` +
          'give the same settings to add to it, or choose another output.',
      );
    }
    const identity = `${status.ino} ${status.size} ${status.mtimeMs}`;
    if (this.#scanned?.identity !== identity) {
      this.#scanned = { identity, rows: await rowsOfTsv(this.path, origin.contentHashes) };
    }
    return this.#scanned.rows;
  }

  async replace(rows: AsyncIterable<{ row: FeatureRow; contentHash: string }>): Promise<void> {
    const contentHashes = new Map<string, string>();
    async function* plainRows(): AsyncGenerator<FeatureRow> {
      for await (const { row, contentHash } of rows) {
        if (contentHash !== '') contentHashes.set(row.imageId, contentHash);
        yield row;
      }
    }
    await writeObj36(this.path, plainRows());
    await writeTsvProvenance(this.path, { provenance: this.settings.provenance, contentHashes });
  }
}
