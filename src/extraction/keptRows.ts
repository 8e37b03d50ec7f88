/** @file The rows of a store or a TSV file, found by image id and read one at a time. */

import {
  type FeatureRow,
  openShards,
  readObj36,
  readShardRow,
  type Shard,
  scanObj36,
  surveyTsv,
  type TsvForm,
} from '../features/files.js';

/** A row that is kept somewhere. */
export interface KeptRow {
  readonly imageId: string;
  /** SHA-256 of what it was made from; empty when that is not known. */
  readonly contentHash: string;
  read(): Promise<FeatureRow>;
}

export function rowsOfShards(shards: readonly Shard[]): KeptRow[] {
  return shards.flatMap((shard) =>
    shard.metadata.imageIds.map((imageId, i) => ({
      imageId,
      contentHash: shard.metadata.contentHashes?.[i] ?? '',
      read: () => readShardRow(shard, i),
    })),
  );
}

/**
 * Reads the file once from end to end, for the rows' places.
 *
 * @param contentHashes by image id, where they are known
 * @throws LxmertError for a file that is no obj36 TSV file; UsageError when there is none
 */
export async function rowsOfTsv(
  file: string,
  contentHashes: ReadonlyMap<string, string> = new Map(),
): Promise<KeptRow[]> {
  const rows: KeptRow[] = [];
  // What a detector of this program made is not judged again.
  const { form } = await surveyTsv(file, { featureRange: { low: -Infinity, high: Infinity } });
  for await (const { imageId, start, line } of scanObj36(file, { form })) {
    const contentHash = contentHashes.get(imageId) ?? '';
    rows.push({ imageId, contentHash, read: () => readRowAt(file, form, start, line) });
  }
  return rows;
}

/** Rows of a store, or of a file whose name ends with .tsv. */
export async function rowsOf(path: string): Promise<KeptRow[]> {
  return isTsv(path) ? await rowsOfTsv(path) : rowsOfShards(openShards(path));
}

export function isTsv(path: string): boolean {
  return path.toLowerCase().endsWith('.tsv');
}

async function readRowAt(file: string, form: TsvForm, start: number, line: number): Promise<FeatureRow> {
  for await (const { row } of readObj36(file, { form, start, firstLine: line, maxImages: 1 })) return row;
  throw new Error(`${file} has no row at byte ${start}; it was changed while it was read.`);
}
