/** @file Rows of region features in Arrow tables: which columns are read, and what each row's record is. */

import path from 'node:path';
import { type DataValue, isNumberArray } from '../../checkpoint/pickle/index.js';
import { LxmertError, UsageError } from '../../common/errors.js';
import {
  type ArrowField,
  type ArrowTable,
  type ArrowValue,
  isOfNumbers,
  isSingle,
  typeText,
} from '../../formats/arrow/index.js';
import { integersOf } from '../../formats/numberArray.js';
import { formatCount } from '../../formats/numbers.js';
import { MAX_BOXES } from '../row.js';
import {
  type ArrowSizes,
  chooseSizes,
  SHARES,
  type SizedBoxes,
  sidesOf,
  withSizeBetween,
} from './arrowSizes.js';
import type { StatedSource } from './indexedRows.js';
import { FIELD_NAMES, type PictureRecord } from './pictureFields.js';

/** Names of the column of ids; the first that is there. */
const IDS = ['img_id', 'image_id', 'iid'] as const;
/** Names of the column that counts the boxes of each picture. */
const COUNTS = ['preds_per_image', 'num_boxes'] as const;
/** What the examples' scripts write, and few others. */
const EXAMPLES = ['roi_features', 'preds_per_image'] as const;

/** Rows of one table after another, all with the columns of the first. */
export class TableRows {
  readonly numRows: number;
  readonly notes: readonly string[];
  readonly hasBothBoxes: boolean;
  readonly #columns: ReadonlyMap<string, number>;
  readonly #idColumn: number;

  constructor(
    private readonly given: string,
    private readonly tables: readonly ArrowTable[],
  ) {
    const [first] = tables as [ArrowTable];
    const columns = first.fields.map((field) => `${field.name}: ${typeText(field)}`);
    for (const table of tables)
      if (table.fields.map((field) => `${field.name}: ${typeText(field)}`).join() !== columns.join())
        throw new LxmertError(
          `${table.file} has other columns than ${first.file}: they are not one data set.`,
        );
    this.#columns = new Map(first.fields.map(({ name }, i) => [name, i]));
    this.numRows = tables.reduce((sum, { numRows }) => sum + numRows, 0);
    const id = IDS.find((name) => this.#columns.has(name));
    const has = (...names: string[]): boolean => names.some((name) => this.#columns.has(name));
    if (!has('roi_features', 'features') || !has('boxes', 'bbox', SHARES))
      throw new UsageError(`${given} ${describeOther(columns)}`);
    if (id === undefined)
      throw new LxmertError(
        `${given} has no column of ids (${IDS.join(', ')}), so nothing says which picture a row is of. It has ${listed(columns)}.`,
      );
    this.#idColumn = this.#columns.get(id) as number;
    this.hasBothBoxes = this.#columns.has('boxes') && this.#columns.has(SHARES);
    this.#checkTypes(first);
    const open = tables.filter(({ isClosed }) => !isClosed);
    this.notes = [
      `an Arrow table of ${formatCount(this.numRows, 'picture')}`,
      ...(EXAMPLES.every((name) => this.#columns.has(name))
        ? ["as Hugging Face's LXMERT examples write them, whose detector is frcnn-vg-finetuned"]
        : []),
      ...open.map(({ file }) => `${path.basename(file)} ends without its mark, as if its writer was stopped`),
    ];
  }

  /** @throws LxmertError where ids or a column of numbers are something else, before the first row */
  #checkTypes({ fields }: ArrowTable): void {
    const id = fields[this.#idColumn] as ArrowField;
    if (!isSingle(id))
      throw new LxmertError(
        `${this.given}: its column ${id.name} should hold numbers or texts; it is ${typeText(id)}.`,
      );
    for (const field of fields)
      if (isRead(field.name) && !IDS.includes(field.name as (typeof IDS)[number]) && !isOfNumbers(field))
        throw new LxmertError(
          `${this.given}: its column ${field.name} should hold numbers, or lists of them; it is ${typeText(field)}.`,
        );
  }

  placeOf(index: number): string {
    const { table, row } = this.#find(index);
    return this.tables.length === 1 ? `row ${row}` : `${path.basename(table.file)}, row ${row}`;
  }

  idAt(index: number): string {
    const { table, row } = this.#find(index);
    const value = table.value(row, this.#idColumn);
    if (typeof value === 'string') return value;
    const id = value === null ? undefined : integersOf(value)?.[0];
    // What has no id is refused as such.
    return id === undefined ? '' : String(id);
  }

  /** What the row states, or 0. */
  numBoxesAt(index: number): number {
    const column = COUNTS.map((name) => this.#columns.get(name)).find((place) => place !== undefined);
    if (column === undefined) return 0;
    const { table, row } = this.#find(index);
    const value = table.value(row, column);
    const count = value === null || typeof value === 'string' ? undefined : integersOf(value)?.[0];
    return count === undefined || count < 0 || count > MAX_BOXES ? 0 : Number(count);
  }

  /** By the names that the readers of pictures' records know. */
  record(index: number, sizes: ArrowSizes): PictureRecord {
    const { table, row } = this.#find(index);
    const record = new Map<DataValue, DataValue>();
    for (const [name, column] of this.#columns)
      if (isRead(name)) record.set(name, table.value(row, column) satisfies ArrowValue);
    const given = record.get('sizes');
    record.delete('sizes');
    if (this.hasBothBoxes) return withSizeBetween(record);
    const boxes = record.get('boxes');
    if (sizes === 'shares' && boxes !== undefined) {
      record.delete('boxes');
      return record.set(SHARES, boxes);
    }
    if (sizes === 'none' || sizes === 'shares' || !isNumberArray(given)) return record;
    const [a, b] = sidesOf(given);
    const [height, width] = sizes === 'heightFirst' ? [a, b] : [b, a];
    return record.set('img_h', height).set('img_w', width);
  }

  /** What the first rows tell of boxes and sizes. @throws LxmertError for pixels of pictures of unknown size */
  chooseSizes({ boxForm, sizes }: StatedSource): ArrowSizes {
    if (boxForm !== undefined && boxForm.unit !== 'pixel') return 'none';
    const hasOwnSizes = ['img_w', 'image_w', 'width', 'image_width'].some((name) => this.#columns.has(name));
    if (this.hasBothBoxes || hasOwnSizes || !this.#columns.has('boxes')) return 'none';
    const samples: SizedBoxes[] = [];
    for (let index = 0; index < Math.min(this.numRows, NUM_SAMPLES); index++) {
      const sample = this.#sampleAt(index);
      if (sample !== undefined) samples.push(sample);
    }
    return samples.length === 0 ? 'none' : chooseSizes(this.given, samples, sizes !== undefined);
  }

  /** Undefined for a row that cannot be read, which is met again. */
  #sampleAt(index: number): SizedBoxes | undefined {
    try {
      const record = this.record(index, 'none');
      const { table, row } = this.#find(index);
      const column = this.#columns.get('sizes');
      const [boxes, sizes] = [record.get('boxes'), column === undefined ? null : table.value(row, column)];
      if (!isNumberArray(boxes)) return undefined;
      if (sizes !== null && isNumberArray(sizes)) sidesOf(sizes);
      return { boxes, sizes: sizes !== null && isNumberArray(sizes) ? sizes : undefined };
    } catch (error) {
      if (!(error instanceof LxmertError)) throw error;
      return undefined;
    }
  }

  #find(index: number): { readonly table: ArrowTable; readonly row: number } {
    let row = index;
    for (const table of this.tables) {
      if (row < table.numRows) return { table, row };
      row -= table.numRows;
    }
    throw new LxmertError(`there is no row ${index}.`);
  }
}

/** Rows that are looked at. */
const NUM_SAMPLES = 32;

function isRead(name: string): boolean {
  return FIELD_NAMES.has(name) || name === 'sizes';
}

/** Columns that a sentence names. */
const NUM_NAMED = 8;

function listed(columns: readonly string[]): string {
  return columns.length === 0
    ? 'no columns'
    : `${columns.slice(0, NUM_NAMED).join('; ')}${columns.length > NUM_NAMED ? '; ...' : ''}`;
}

function describeOther(columns: readonly string[]): string {
  return (
    `is an Arrow table, but not one of region features that is read here. Its columns are ${listed(columns)}. ` +
    'Read are tables with img_id, boxes and roi_features, or features, a row for each picture.'
  );
}
