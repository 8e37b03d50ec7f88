/** @file Arrow tables of region features, as Hugging Face's LXMERT examples write them: one file, or a data set that was saved. */

import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { ArrowTable } from '../../formats/arrow/index.js';
import { TableRows } from './arrowRows.js';
import type { ArrowSizes } from './arrowSizes.js';
import type { FeatureFormat } from './featureFormat.js';
import { someFirstName } from './firstNames.js';
import type { StatedSource } from './indexedRows.js';
import { MAX_ARRAY_BYTES } from './npzRecord.js';
import { openRecords, type Records } from './recordSource.js';

const ENDING = /\.(arrow|feather)$/;

/** As `datasets` and `pyarrow.feather` write them; of a folder all tables, in the order of their names. */
export const arrowTables: FeatureFormat = {
  name: "Arrow tables (Hugging Face's LXMERT examples)",
  recognises: ({ path: given, kind }) => kind === 'arrow' || (kind === 'folder' && holdsTables(given)),
  open: async (given, stated) => await openRecords(openTables(given, stated), stated),
};

function holdsTables(folder: string): boolean {
  return someFirstName(folder, (name) => ENDING.test(name));
}

function openTables(given: string, stated: StatedSource): Records {
  const files = statSync(given).isDirectory()
    ? readdirSync(given)
        .filter((name) => ENDING.test(name))
        .sort()
        .map((name) => path.join(given, name))
    : [given];
  const tables: ArrowTable[] = [];
  const close = (): void => {
    for (const table of tables) table.close();
  };
  try {
    for (const file of files) tables.push(ArrowTable.open(file, MAX_ARRAY_BYTES));
    const rows = new TableRows(given, tables);
    const sizes = rows.chooseSizes(stated);
    return {
      name: given,
      fileName: path.basename(path.resolve(given)),
      numBytes: tables.reduce((sum, { numBytes }) => sum + numBytes, 0),
      format: sizes === 'widthFirst' ? 'arrow-widths' : 'arrow',
      numRows: rows.numRows,
      notes: [...rows.notes, ...(rows.hasBothBoxes ? [BOTH_NOTE] : SIZE_NOTES[sizes])],
      place: (index) => rows.placeOf(index),
      idAt: (index) => rows.idAt(index),
      numBoxesAt: (index) => rows.numBoxesAt(index),
      record: async (index) => rows.record(index, sizes),
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

const BOTH_NOTE = 'sizes of pictures are those by which boxes and normalized_boxes differ';
const SIZE_NOTES: Readonly<Record<ArrowSizes, readonly string[]>> = {
  none: [],
  shares: ["sizes, which are those of the network's input and not of the pictures, are left out"],
  heightFirst: ['sizes are height and width'],
  widthFirst: ['sizes are width and height, as the boxes show'],
};
