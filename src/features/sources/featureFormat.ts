/** @file What a format must tell to be found for a file, and to read it. */

import type { ContentKindName } from '../../formats/contentKind.js';
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
