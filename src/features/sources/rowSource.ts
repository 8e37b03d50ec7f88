/** @file What a conversion takes rows from, whatever the format: rows in a fixed order, each with its place. */

import type { BrokenRow } from '../obj36Reader.js';
import type { Provenance } from '../provenance.js';
import type { FeatureRow } from '../row.js';
import type { ConversionSettings, SourceRange } from '../storeWriter.js';

/** A row and its place: bytes and line of a table, the row's number in other formats. */
export interface PlacedRow extends SourceRange {
  readonly row: FeatureRow;
}

/** Where a reading begins, and how it goes on at rows that are not sound. */
export interface RowReading {
  /** {@link SourceRange.start} of the first row. Default 0. */
  readonly start?: number;
  /** {@link SourceRange.line} of the first row. Default 1. */
  readonly firstLine?: number;
  /** Told each row that is not sound, which is then left out; without it such a row ends the reading with a `RowError`. */
  readonly onBroken?: ((broken: BrokenRow) => void) | undefined;
  /** Once aborted, the reading ends with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Rows of region features, in an order that is the same whenever the same files are opened. */
export interface RowSource {
  /** For messages: the path, or `archive.zip: member.tsv`. */
  readonly name: string;
  /** The name without folders; provenance carries it. */
  readonly fileName: string;
  /** Of all its files; a conversion that goes on compares it. */
  readonly numBytes: number;
  /** What a place counts. */
  readonly unit: 'line' | 'row';
  /** Recorded in each shard and compared: whatever decides which rows come in which order and how they are read. */
  readonly identity: Pick<ConversionSettings, 'format' | 'lineEnding' | 'boxForm' | 'ids'>;
  /** What whoever reads the store must know: labels or sizes that are missing, a range of values. */
  readonly settings: Provenance['settings'];
  /** Phrases about how it is read. */
  readonly notes: readonly string[];
  /** The detector that the form tells, for a user who states none. */
  readonly detector?: string;
  /** Most boxes of any of the first rows. */
  readonly mostBoxes: number;
  readonly featureSize: number;
  /** Sound rows from a place on. */
  rows(reading?: RowReading): AsyncIterable<PlacedRow>;
  /** The image whose row stands at a place; undefined when none begins there. */
  idAt(place: Pick<SourceRange, 'start' | 'line'>): Promise<string | undefined>;
  /** Rows in all, as far as can be told after some of them. */
  estimateRows(last: SourceRange, numRead: number): number;
  /** One image's row, where it can be found without reading all; undefined when there is none. */
  find?(imageId: string): Promise<FeatureRow | undefined>;
  close(): void;
}
