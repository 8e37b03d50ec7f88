/** @file The file that an extraction makes, a feature store or a TSV file: what it holds already, and writing it anew. */

import type { FeatureDType, FeatureRow, Provenance } from '../features/files.js';
import type { KeptRow } from './keptRows.js';

export interface OutputSettings {
  readonly provenance: Provenance;
  readonly dtype: FeatureDType;
  readonly shardImages: number;
  /** Most boxes of a row. */
  readonly numBoxes: number;
}

export interface Output {
  readonly path: string;
  /**
   * Rows of an earlier extraction, in their order.
   *
   * @throws UsageError when what is there was made by another detector or in another format, or is something else
   */
  keptRows(): Promise<readonly KeptRow[]>;
  /**
   * Writes all rows and then puts the result in the place of what was there before.
   *
   * @param temporary a place on the same disk
   */
  replace(rows: AsyncIterable<{ row: FeatureRow; contentHash: string }>, temporary: string): Promise<void>;
}
