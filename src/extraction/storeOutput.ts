/** @file A feature store as the output of an extraction. */

import { existsSync } from 'node:fs';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { syncFolder } from '../common/atomicFile.js';
import { UsageError } from '../common/errors.js';
import { type FeatureRow, FeatureStoreWriter, openShards, type Shard } from '../features/files.js';
import { differencesOf } from './differences.js';
import { type KeptRow, rowsOfShards } from './keptRows.js';
import type { Output, OutputSettings } from './output.js';
import { WorkFolder } from './workFolder.js';

/** Where the earlier store is for the moment between its removal and the new one's arrival. */
const PREVIOUS = 'previous';

export class StoreOutput implements Output {
  #numBoxes = 0;

  constructor(
    readonly path: string,
    private readonly settings: OutputSettings,
  ) {}

  async keptRows(): Promise<readonly KeptRow[]> {
    await this.#recover();
    if (!(await this.#hasStore())) return [];
    const shards = openShards(this.path);
    for (const shard of shards) this.#refuseOther(shard);
    this.#numBoxes = shards[0]?.layout.numBoxes ?? 0;
    return rowsOfShards(shards);
  }

  async replace(
    rows: AsyncIterable<{ row: FeatureRow; contentHash: string }>,
    temporary: string,
  ): Promise<void> {
    await rm(temporary, { recursive: true, force: true });
    const { provenance, dtype, shardImages } = this.settings;
    const writer = await FeatureStoreWriter.create(temporary, {
      provenance,
      dtype,
      shardImages,
      numBoxes: Math.max(this.settings.numBoxes, this.#numBoxes),
      withContentHashes: true,
    });
    try {
      for await (const { row, contentHash } of rows) await writer.add(row, { contentHash });
      await writer.finish();
    } catch (error) {
      await writer.abandon();
      throw error;
    }
    await syncFolder(temporary);
    if (await this.#hasStore()) await rename(this.path, this.#previous);
    await rename(temporary, this.path);
    await syncFolder(path.dirname(this.path));
  }

  /** A process was killed between the two renames: the earlier store goes back to its place. */
  async #recover(): Promise<void> {
    if (!existsSync(this.path) && existsSync(this.#previous)) await rename(this.#previous, this.path);
  }

  get #previous(): string {
    return path.join(WorkFolder.pathFor(this.path), PREVIOUS);
  }

  /** @throws UsageError for a folder of other things, or a file */
  async #hasStore(): Promise<boolean> {
    const status = await stat(this.path).catch(() => undefined);
    if (status === undefined) return false;
    if (!status.isDirectory()) {
      throw new UsageError(
        `'${this.path}' is a file; a feature store is a folder. For a TSV file give a name that ends with .tsv.`,
      );
    }
    const names = await readdir(this.path);
    if (names.length === 0) return false;
    if (names.some((name) => name.endsWith('.safetensors'))) return true;
    throw new UsageError(
      `The folder '${this.path}' is neither empty nor a feature store. Choose another name for the output.`,
    );
  }

  #refuseOther(shard: Shard): void {
    const { provenance } = shard.metadata;
    const differences = differencesOf(provenance, this.settings.provenance);
    const { dtype } = shard.layout;
    if (dtype !== this.settings.dtype) {
      differences.push(`dtype "${dtype}", here it is "${this.settings.dtype}"`);
    }
    if (differences.length === 0) return;
    throw new UsageError(
      `The store ${this.path} was made with ${differences.join('; ')}. Features of different origins must not be mixed: ` +
        'give the same settings to add to it, or choose another output.',
    );
  }
}
