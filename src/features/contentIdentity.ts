/** @file Which features a store holds, as a hash that costs next to nothing: by it a run knows its features again. */

import { closeSync, openSync, readSync } from 'node:fs';
import { unreadable } from '../common/errors.js';
import { ListHash } from '../formats/hashes/listHash.js';
import type { Shard } from './shardFile.js';

/** Places of a shard whose bytes are looked at: the header's checksum may be of what the file held before. */
const NUM_SAMPLES = 16;
const SAMPLE_BYTES = 4096;

/**
 * A SHA-256 of, for each shard: the checksum of all values that its header states, its image ids, its layout and size, and
 * 16 pieces of 4 KiB of its data, from the first to the last at equal distances. Where a store lies, and what its header
 * says of its origin, do not count.
 *
 * @throws LxmertError when a shard can no longer be read
 */
export function contentIdentity(shards: readonly Shard[]): string {
  const hash = new ListHash();
  for (const shard of shards) {
    const { layout, metadata, fileBytes, dataStart } = shard;
    hash.add(metadata.sha256);
    hash.add(JSON.stringify([layout.numBoxes, layout.featureSize, layout.dtype, fileBytes - dataStart]));
    for (const id of metadata.imageIds) hash.add(id);
    hash.add(sampleOf(shard).toString('latin1'));
  }
  return hash.digest();
}

function sampleOf({ path, fileBytes, dataStart }: Shard): Buffer {
  const sample = Buffer.alloc(NUM_SAMPLES * SAMPLE_BYTES);
  const lastStart = Math.max(dataStart, fileBytes - SAMPLE_BYTES);
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, 'r');
    for (let i = 0; i < NUM_SAMPLES; i++) {
      const position = dataStart + Math.floor(((lastStart - dataStart) * i) / (NUM_SAMPLES - 1));
      readSync(descriptor, sample, i * SAMPLE_BYTES, SAMPLE_BYTES, position);
    }
  } catch (error) {
    throw unreadable(path, error);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
  return sample;
}
