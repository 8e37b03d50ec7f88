/** @file Rows by image id, of a store or of a file whose rows are read by their number. */

import { existsSync } from 'node:fs';
import { LxmertError, UsageError } from '../common/errors.js';
import type { Provenance } from './provenance.js';
import type { FeatureRow } from './row.js';
import type { Shard } from './shardFile.js';
import { readSoundRow } from './shardRows.js';
import { openRowSource } from './sources/openRowSource.js';
import type { RowSource } from './sources/rowSource.js';
import { openShards } from './storeFiles.js';
import { unknownProvenance } from './unknownProvenance.js';

export interface RowLookup {
  /** Every image, in the order of the rows. */
  readonly imageIds: readonly string[];
  /** What the file states of the detector. */
  readonly provenance: Provenance;
  /** @throws LxmertError for a row that is not sound, or an image that is not among {@link imageIds} */
  read(imageId: string): Promise<FeatureRow>;
  close(): void;
}

/**
 * @param features a store's folder or shard, or a file of another format whose rows are found without reading all
 * @throws UsageError for anything else, with the command that makes a store of it
 */
export async function openRowLookup(features: string): Promise<RowLookup> {
  const source = existsSync(features) ? await openRowSource(features) : undefined;
  return source === undefined ? lookupInShards(features, openShards(features)) : await lookupIn(source);
}

/** What a source of another format says of its features' detector. */
export function provenanceOf(source: RowSource): Provenance {
  return { ...unknownProvenance, settings: source.settings, source: source.fileName };
}

function lookupInShards(features: string, shards: readonly Shard[]): RowLookup {
  const places = new Map(
    shards.flatMap((shard) => shard.metadata.imageIds.map((id, place) => [id, { shard, place }] as const)),
  );
  return {
    imageIds: [...places.keys()],
    // A store has at least one shard.
    provenance: (shards[0] as Shard).metadata.provenance,
    read: async (imageId) => {
      const at = places.get(imageId);
      if (at === undefined) throw new LxmertError(`${features} has no row for image ${imageId}.`);
      return await readSoundRow(at.shard, at.place);
    },
    close: () => {},
  };
}

async function lookupIn(source: RowSource): Promise<RowLookup> {
  try {
    if (source.find === undefined)
      throw new UsageError(
        `${source.name} cannot be read at one row alone; make a store of it first: lxmert features convert ${source.name} FOLDER`,
      );
    const imageIds = await idsOf(source);
    return {
      imageIds,
      provenance: provenanceOf(source),
      read: async (imageId) => {
        const row = await source.find?.(imageId);
        if (row === undefined) throw new LxmertError(`${source.name} has no row for image ${imageId}.`);
        return row;
      },
      close: () => source.close(),
    };
  } catch (error) {
    source.close();
    throw error;
  }
}

async function idsOf(source: RowSource): Promise<string[]> {
  const ids: string[] = [];
  for (;;) {
    const id = await source.idAt({ start: ids.length, line: ids.length + 1 });
    if (id === undefined) return ids;
    ids.push(id);
  }
}
