/** @file An Arrow table on disk, in the form of a stream or of a file, whose rows are read one by one. */

import { LxmertError } from '../../common/errors.js';
import { type OpenFile, openFileSync } from '../randomAccess.js';
import { Dictionaries, lastUpTo } from './dictionaries.js';
import { ArrowFault, withinBytes } from './flatTable.js';
import { footerSchema, isFileForm, messageAt, readMessages } from './messages.js';
import { numRowsOf, type RecordBatch, readBatch } from './recordBatch.js';
import { type ArrowField, readSchema } from './schema.js';
import { type ArrowValue, ValueReader } from './values.js';

/** Where a batch lies that has rows. */
interface BatchPlace {
  readonly start: number;
  readonly firstRow: number;
}

export class ArrowTable {
  #last: { readonly place: BatchPlace; readonly batch: RecordBatch } | undefined;

  private constructor(
    readonly file: string,
    private readonly bytes: OpenFile,
    readonly fields: readonly ArrowField[],
    private readonly batches: readonly BatchPlace[],
    private readonly dictionaries: Dictionaries,
    readonly numRows: number,
    /** False where the mark of its end is missing, as after a writer that was stopped. */
    readonly isClosed: boolean,
    private readonly values: ValueReader,
  ) {}

  /**
   * Walks over the messages; no rows are read.
   *
   * @param maxValueBytes of one row's value in one column
   * @throws UsageError when there is no such file; LxmertError for one that is cut or damaged
   */
  static open(file: string, maxValueBytes: number): ArrowTable {
    const bytes = openFileSync(file);
    try {
      const { fields, batches, dictionaries, numRows, isClosed } = readAll(bytes);
      const values = new ValueReader(maxValueBytes);
      return new ArrowTable(file, bytes, fields, batches, dictionaries, numRows, isClosed, values);
    } catch (error) {
      bytes.close();
      if (!(error instanceof ArrowFault)) throw error;
      throw new LxmertError(`${file} cannot be read as an Arrow table: ${error.message}.`, { cause: error });
    }
  }

  get numBytes(): number {
    return this.bytes.size;
  }

  /**
   * @param column its place among {@link fields}
   * @throws LxmertError, without the file, for a value that is damaged
   */
  value(row: number, column: number): ArrowValue {
    try {
      const { place, batch } = this.#batchOf(row);
      const found = batch.columns[column];
      if (found === undefined) return null;
      const { type } = found.field;
      if (type.kind !== 'dictionary') return this.values.value(found, row - place.firstRow);
      const at = this.values.placeInDictionary(found, row - place.firstRow);
      return at === null ? null : this.dictionaries.value(type.id, place.start, at, this.values);
    } catch (error) {
      if (!(error instanceof ArrowFault)) throw error;
      throw new LxmertError(`it cannot be read: ${error.message}.`, { cause: error });
    }
  }

  close(): void {
    this.bytes.close();
  }

  #batchOf(row: number): { readonly place: BatchPlace; readonly batch: RecordBatch } {
    const place = lastUpTo(this.batches, row, ({ firstRow }) => firstRow) as BatchPlace;
    if (this.#last?.place !== place)
      this.#last = { place, batch: readBatch(this.bytes, messageAt(this.bytes, place.start), this.fields) };
    return this.#last;
  }
}

function readAll(bytes: OpenFile) {
  let schema: { readonly fields: readonly ArrowField[]; readonly dictionaries: Dictionaries } | undefined;
  const withColumns = (fields: readonly ArrowField[]) => ({
    fields,
    dictionaries: new Dictionaries(bytes, fields, isFileForm(bytes)),
  });
  const batches: BatchPlace[] = [];
  let numRows = 0;
  const messages = readMessages(bytes);
  for (;;) {
    const { value, done } = messages.next();
    if (done) {
      if (schema === undefined) throw new ArrowFault('it names no columns');
      return { ...schema, batches, numRows, isClosed: value.isClosed };
    }
    if (value.kind === 'schema')
      schema ??= withColumns(withinBytes('its schema', () => readSchema(value.table)));
    if (value.kind !== 'batch' && value.kind !== 'dictionary') continue;
    schema ??= withColumns(columnsAtEnd(bytes));
    if (value.kind === 'dictionary') {
      schema.dictionaries.add(value);
      continue;
    }
    const numOfBatch = numRowsOf(value);
    if (numOfBatch === 0) continue;
    // Its parts are looked at now, so that no batch states rows that it does not have; nothing of them is kept.
    readBatch(bytes, value, schema.fields);
    if (!Number.isSafeInteger(numRows + numOfBatch))
      throw new ArrowFault('it states more rows than can be counted');
    batches.push({ start: value.start, firstRow: numRows });
    numRows += numOfBatch;
  }
}

/** @throws ArrowFault where the end names no columns either */
function columnsAtEnd(bytes: OpenFile): readonly ArrowField[] {
  const schema = footerSchema(bytes);
  if (schema === undefined) throw new ArrowFault('its rows come before the names of their columns');
  return withinBytes('its end', () => readSchema(schema));
}
