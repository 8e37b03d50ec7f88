/** @file Converting a feature store back to an obj36 TSV file. */

import { existsSync } from 'node:fs';
import { UsageError } from '../common/errors.js';
import { type Progress, silentProgress } from '../common/progress.js';
import { type LineEnding, writeObj36 } from './obj36Writer.js';
import type { FeatureRow } from './row.js';
import type { Shard } from './shardFile.js';
import { readShardRows } from './shardRows.js';
import { openShards } from './storeFiles.js';
import { writeTsvProvenance } from './tsvProvenance.js';
import { unknownProvenance } from './unknownProvenance.js';

export interface ConvertToTsvOptions {
  /** Default: as in the TSV file that the store was made from, else `\r\n` as in the published files. */
  readonly lineEnding?: LineEnding;
  readonly progress?: Progress;
  /** Once aborted, the work ends with the signal's reason and leaves no file. */
  readonly signal?: AbortSignal;
}

/**
 * Writes every row of a store, and beside them what the store states of their detector. From a float32 store the bytes equal those of the file it was converted from;
 * from a float16 store the features are the rounded ones.
 *
 * @returns the number of rows.
 * @throws UsageError when `target` already exists.
 */
export async function convertToTsv(
  store: string,
  target: string,
  options: ConvertToTsvOptions = {},
): Promise<number> {
  if (existsSync(target)) throw new UsageError(`${target} already exists. Choose another name.`);
  const shards = openShards(store);
  const numImages = shards.reduce((sum, shard) => sum + shard.numImages, 0);
  const lineEnding = options.lineEnding ?? shards[0]?.metadata.conversion?.lineEnding ?? '\r\n';
  const rows = reportRows(readShardRows(shards), numImages, options);
  const numRows = await writeObj36(target, rows, lineEnding);
  const provenance = shards[0]?.metadata.provenance ?? unknownProvenance;
  if (provenance.detector !== null || Object.keys(provenance.settings).length > 0) {
    await writeTsvProvenance(target, { provenance, contentHashes: hashesOf(shards) });
  }
  return numRows;
}

function hashesOf(shards: readonly Shard[]): Map<string, string> {
  const hashes = new Map<string, string>();
  for (const { metadata } of shards) {
    for (const [i, hash] of metadata.contentHashes?.entries() ?? []) {
      if (hash !== '') hashes.set(metadata.imageIds[i] as string, hash);
    }
  }
  return hashes;
}

async function* reportRows(
  rows: AsyncIterable<FeatureRow>,
  numImages: number,
  { progress = silentProgress, signal }: ConvertToTsvOptions,
): AsyncGenerator<FeatureRow> {
  let numDone = 0;
  for await (const row of rows) {
    signal?.throwIfAborted();
    yield row;
    if (++numDone % 32 === 0 || numDone === numImages) progress.update(numDone, numImages);
  }
}
