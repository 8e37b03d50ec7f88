/** @file One image's row by its id, from a store or from a TSV file. */

import { statSync } from 'node:fs';
import { UsageError } from '../common/errors.js';
import { formatCount } from '../formats/numbers.js';
import { describeForeignFile, sourceKindOf } from './foreignFiles.js';
import { noRowFor } from './imageId.js';
import { readFeatureRow } from './obj36Reader.js';
import type { Provenance } from './provenance.js';
import type { FeatureRow } from './row.js';
import { provenanceOf } from './rowLookup.js';
import { readSoundRow } from './shardRows.js';
import { openRowSource } from './sources/openRowSource.js';
import type { RowSource } from './sources/rowSource.js';
import { openShards } from './storeFiles.js';
import { readTsvProvenance } from './tsvProvenance.js';

/** A row, and what its file states of the detector. */
export interface StatedRow {
  readonly row: FeatureRow;
  readonly provenance: Provenance | undefined;
}

/**
 * @param features a store's folder or shard, a TSV file, or a file of another format that `lxmert features convert` takes
 * @throws UsageError when there is no such file; LxmertError when it has no row for the image, or a broken one
 */
export async function readRow(features: string, imageId: string): Promise<StatedRow> {
  const status = statSync(features, { throwIfNoEntry: false });
  if (status === undefined) throw new UsageError(`There is no feature store or TSV file '${features}'.`);
  const source = await openRowSource(features);
  if (source !== undefined) return await findRow(source, imageId);
  if (status.isFile() && !features.endsWith('.safetensors')) {
    const kind = sourceKindOf(features);
    if (kind !== 'text' && kind !== 'store') throw new UsageError(describeForeignFile(features));
  }
  if (status.isFile() && sourceKindOf(features) === 'text') {
    const row = await readFeatureRow(features, imageId);
    return { row, provenance: (await readTsvProvenance(features))?.provenance };
  }
  const shards = openShards(features);
  for (const shard of shards) {
    const place = shard.metadata.imageIds.indexOf(imageId);
    if (place < 0) continue;
    const row = await readSoundRow(shard, place);
    return { row, provenance: shard.metadata.provenance };
  }
  const numImages = shards.reduce((sum, shard) => sum + shard.numImages, 0);
  const [first] = shards[0]?.metadata.imageIds ?? [];
  throw noRowFor(features, imageId, `It holds ${formatCount(numImages, 'image')}; the first is ${first}.`);
}

async function findRow(source: RowSource, imageId: string): Promise<StatedRow> {
  try {
    const row = await source.find?.(imageId);
    if (row === undefined) {
      const first = await source.idAt({ start: 0, line: 1 });
      throw noRowFor(source.name, imageId, `The first is ${first}.`);
    }
    return { row, provenance: provenanceOf(source) };
  } finally {
    source.close();
  }
}
