/** @file The formats whose rows are read by their number, each recognised by content, whatever a file's name says. */

import { statSync } from 'node:fs';
import { readContentKind } from '../../formats/contentKind.js';
import { arrayFolder } from './arrayFolder.js';
import { arrowTables } from './arrowSource.js';
import type { FeatureFormat } from './featureFormat.js';
import { hdf5Format } from './hdf5/hdf5Format.js';
import type { StatedSource } from './indexedRows.js';
import { lmdbDatabase } from './lmdbSource.js';
import type { RowSource } from './rowSource.js';
import { torchFeatures } from './torchFeatures.js';
import { vinvlTable } from './vinvlTable.js';

/** A folder of shards is a store, and no format here; of several that recognise a file the first reads it. */
const FEATURE_FORMATS: readonly FeatureFormat[] = [
  hdf5Format,
  lmdbDatabase,
  arrayFolder,
  vinvlTable,
  torchFeatures,
  arrowTables,
];

/**
 * Opens features that are neither a table nor a store.
 *
 * @param file what exists
 * @returns undefined for what no format recognises; the source must be closed
 */
export async function openRowSource(file: string, stated: StatedSource = {}): Promise<RowSource | undefined> {
  return await findFormat(file)?.open(file, stated);
}

/** The format that reads a file or folder by its number of rows; undefined for tables, stores and anything else. */
export function findFormat(file: string): FeatureFormat | undefined {
  const kind = statSync(file).isDirectory() ? 'folder' : readContentKind(file).kind;
  return FEATURE_FORMATS.find((format) => format.recognises({ path: file, kind }));
}
