/** @file Rows that are read by their number, as a source for conversion: filled up, checked, and given their places. */

import { setImmediate } from 'node:timers/promises';
import { LxmertError } from '../../common/errors.js';
import type { FeatureRow } from '../row.js';
import { RowError } from '../rowError.js';
import { asRowError, boxFormIdentity, brokenRow, checkedRow, settingsOf } from './checkedRow.js';
import type { IndexedRows, StatedSource } from './indexedRows.js';
import type { PlacedRow, RowReading, RowSource } from './rowSource.js';
import { type RowForm, surveyRows } from './surveyRows.js';

/**
 * Looks at the first rows. What is opened is closed with the source, and when this throws.
 *
 * @throws LxmertError when they cannot be region features as they are documented or stated
 */
export async function openIndexed(rows: IndexedRows, stated: StatedSource = {}): Promise<RowSource> {
  try {
    if (rows.numRows === 0) throw new LxmertError(`${rows.name} holds no rows.`);
    return await openSurveyed(rows, stated);
  } catch (error) {
    rows.close();
    throw error;
  }
}

async function openSurveyed(rows: IndexedRows, stated: StatedSource): Promise<RowSource> {
  const { form, notes, mostBoxes } = await surveyRows(rows, stated);
  const reader = new IndexedReader(rows, form, stated);
  return {
    name: rows.name,
    fileName: rows.fileName,
    numBytes: rows.numBytes,
    unit: 'row',
    identity: { format: rows.format, ...boxFormIdentity(form) },
    settings: settingsOf(rows.labels, form),
    notes,
    ...(rows.detector === undefined ? {} : { detector: rows.detector }),
    mostBoxes,
    featureSize: form.featureSize,
    rows: (reading) => reader.rows(reading),
    idAt: async ({ start }) => (start < rows.numRows ? rows.idAt(start) : undefined),
    estimateRows: () => rows.numRows,
    find: (imageId) => reader.find(imageId),
    close: () => rows.close(),
  };
}

class IndexedReader {
  constructor(
    private readonly source: IndexedRows,
    private readonly form: RowForm,
    private readonly stated: StatedSource,
  ) {}

  async *rows({ start = 0, onBroken, signal }: RowReading = {}): AsyncGenerator<PlacedRow, void, undefined> {
    for (let index = start; index < this.source.numRows; index++) {
      // Signals arrive on the event loop, which reading at once never lets run.
      await setImmediate();
      signal?.throwIfAborted();
      const row = await this.#readOrBroken(index, onBroken);
      if (row !== undefined) yield { row, start: index, end: index + 1, line: index + 1 };
    }
  }

  async find(imageId: string): Promise<FeatureRow | undefined> {
    for (let index = 0; index < this.source.numRows; index++)
      if (this.source.idAt(index) === imageId) return await this.#read(index);
    return undefined;
  }

  async #readOrBroken(index: number, onBroken: RowReading['onBroken']): Promise<FeatureRow | undefined> {
    try {
      return await this.#read(index);
    } catch (error) {
      if (!(error instanceof RowError) || onBroken === undefined) throw error;
      onBroken(brokenRow(error, index));
      return undefined;
    }
  }

  async #read(index: number): Promise<FeatureRow> {
    try {
      return checkedRow(await this.source.read(index), this.form, this.stated);
    } catch (error) {
      const place = `${this.source.name}, ${this.source.place(index)}`;
      throw asRowError(error, place, index + 1, this.source.idAt(index));
    }
  }
}
