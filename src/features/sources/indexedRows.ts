/** @file Rows that can be read one by one by their number: what a format of arrays gives, before anything is made of it. */

import type { BoxForm } from '../boxForms.js';
import type { LabelKind } from '../tsvColumns.js';
import type { StatedTable } from '../tsvForm.js';

/** A row as its file has it; what the format does not have is absent. */
export interface RawRow {
  readonly imageId: string;
  /** (n, 4) in the form of the file. */
  readonly boxes: Float32Array;
  /** (n, featureSize). */
  readonly features: Float32Array;
  /** Of the picture, in pixels. */
  readonly height?: number;
  readonly width?: number;
  /** (n) each. */
  readonly objectsId?: BigInt64Array;
  readonly objectsConf?: Float32Array;
  readonly attrsId?: BigInt64Array;
  readonly attrsConf?: Float32Array;
}

/** The rows of a file, or of several that belong together. */
export interface IndexedRows {
  readonly name: string;
  readonly fileName: string;
  /** Of all its files. */
  readonly numBytes: number;
  /** A word for the format, the same for ever: it is recorded in shards, and another one does not go on with them. */
  readonly format: string;
  readonly numRows: number;
  readonly labels: LabelKind;
  /** How the format documents its boxes. Default: corners in pixels. */
  readonly boxForm?: BoxForm;
  /** Phrases about how it is read. */
  readonly notes: readonly string[];
  /** The detector that the form tells, for a user who states none. */
  readonly detector?: string;
  /** What stands at a row, to follow the file's name: `group COCO_val2014_000000000042`. */
  place(index: number): string;
  /** Without reading features. */
  idAt(index: number): string;
  /** Without reading features, where that is possible. */
  numBoxesAt?(index: number): number;
  /** @throws LxmertError, without file and place, for a row that cannot be read */
  read(index: number): RawRow | Promise<RawRow>;
  close(): void;
}

/** Height and width in pixels. */
export interface PictureSize {
  readonly height: number;
  readonly width: number;
}

/** What a user states of a file. */
export interface StatedSource extends StatedTable {
  /** The file that says which picture each row is of, for arrays without ids. */
  readonly rowIds?: string | undefined;
  /** Sizes of pictures by image id, for formats without them. */
  readonly sizes?: ReadonlyMap<string, PictureSize> | undefined;
}
