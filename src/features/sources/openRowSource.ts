/** @file The formats whose rows are read by their number, each recognised by content, whatever a file's name says. */

import { statSync } from 'node:fs';
import { type ContentKindName, readContentKind } from '../../formats/contentKind.js';
import type { StatedSource } from './indexedRows.js';
import type { RowSource } from './rowSource.js';

/** What somebody gave as region features. */
export interface GivenFile {
  readonly path: string;
  /** The content of a file. */
  readonly kind: ContentKindName | 'folder';
}

/** One family of files. */
export interface FeatureFormat {
  /** As it stands in a list of what is read: `HDF5 files`. */
  readonly name: string;
  /** Whether it is such a file or folder; cheap, and never an error. */
  recognises(given: GivenFile): boolean;
  /** @throws LxmertError for one that is recognised and not sound; UsageError for what flags say */
  open(path: string, stated: StatedSource): Promise<RowSource>;
}

/** A folder of shards is a store, and no format here; of several that recognise a file the first reads it. */
const FEATURE_FORMATS: readonly FeatureFormat[] = [];

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
