/** @file Which files make a feature store, and whether they are all there. */

import { readdirSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { hasErrorCode, LxmertError, UsageError } from '../common/errors.js';
import { formatCount } from '../formats/numbers.js';
import { describeForeignFile, describeForeignFolder, sourceKindOf } from './foreignFiles.js';
import { openShard, type Shard } from './shardFile.js';

const SHARD_NAME = /^shard-\d{5}\.safetensors$/;

/** `shard-00000.safetensors` and so on. */
export function shardFileName(index: number): string {
  return `shard-${String(index).padStart(5, '0')}.safetensors`;
}

/** Paths of the shards in a folder, in order; none when there is no such folder. */
export async function listShardFiles(folder: string): Promise<string[]> {
  try {
    return shardPaths(folder, await readdir(folder));
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return [];
    if (hasErrorCode(error, 'ENOTDIR'))
      throw new UsageError(`${folder} is a file; a feature store is a folder.`, { cause: error });
    throw error;
  }
}

function shardPaths(folder: string, names: string[]): string[] {
  return names
    .filter((name) => SHARD_NAME.test(name))
    .sort()
    .map((name) => path.join(folder, name));
}

/**
 * Opens a store: a folder of shards, or one shard's file by itself. Only headers are read.
 *
 * @throws UsageError when there is no store; LxmertError when a shard is broken, missing, of another layout, or
 *   when the store was never finished.
 */
export function openShards(store: string): Shard[] {
  const stats = statSync(store, { throwIfNoEntry: false });
  if (stats === undefined) throw new UsageError(`There is no feature store ${store}.`);
  if (!stats.isDirectory()) {
    if (sourceKindOf(store) !== 'store' && !/\.safetensors$/i.test(store))
      throw new UsageError(describeForeignFile(store));
    return [openShard(store)];
  }
  const files = shardPaths(store, readdirSync(store));
  if (files.length === 0) throw new UsageError(describeForeignFolder(store));
  const shards = files.map((file) => openShard(file));
  const problem = findSetProblem(shards);
  if (problem !== undefined) throw new LxmertError(`The feature store ${store} is not whole: ${problem}`);
  return shards;
}

/** Checks that shards follow each other from 0 to the one marked as last, all of one layout. */
function findSetProblem(shards: readonly Shard[]): string | undefined {
  for (const [i, shard] of shards.entries()) {
    const { index, last } = shard.metadata;
    if (path.basename(shard.path) !== shardFileName(i)) return `${shardFileName(i)} is missing.`;
    if (index !== i) return `${shard.path} says that it is number ${index}; it was renamed.`;
    if (last !== (i === shards.length - 1)) {
      return last
        ? `${shard.path} is marked as the last shard, but more follow. Move those that belong to another store elsewhere.`
        : 'its last shard is missing. If a conversion was interrupted, run the same command again and it goes on.';
    }
    const [first] = shards;
    if (first !== undefined && !isSameLayout(first, shard))
      return `${describeLayout(first)} in ${first.path}, but ${describeLayout(shard)} in ${shard.path}.`;
  }
  return undefined;
}

function isSameLayout(a: Shard, b: Shard): boolean {
  return describeLayout(a) === describeLayout(b);
}

/** For messages: `36 boxes of 2048 float16 values`. */
function describeLayout({ layout }: Shard): string {
  return `${formatCount(layout.numBoxes, 'box')} of ${layout.featureSize} ${layout.dtype} values`;
}
