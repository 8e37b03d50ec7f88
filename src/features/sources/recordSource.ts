/** @file Rows that are made of one record of named values for each picture: what the first tells of all, and their order. */

import { LxmertError } from '../../common/errors.js';
import type { LabelKind } from '../tsvColumns.js';
import type { IndexedRows, RawRow, StatedSource } from './indexedRows.js';
import { openIndexed } from './indexedSource.js';
import type { PictureRecord } from './pictureFields.js';
import { type RecordRow, readRecord } from './pictureRecord.js';
import type { RowSource } from './rowSource.js';

/** Records in a fixed order. */
export interface Records
  extends Pick<
    IndexedRows,
    | 'name'
    | 'fileName'
    | 'numBytes'
    | 'format'
    | 'numRows'
    | 'notes'
    | 'place'
    | 'idAt'
    | 'numBoxesAt'
    | 'close'
  > {
  /** @throws LxmertError, without file and place, for a record that cannot be read */
  record(index: number): Promise<PictureRecord>;
}

/** Records that are looked at for one that tells how all are; a few may be damaged. */
const NUM_LOOKED_AT = 32;

/** @throws LxmertError when no record is a picture's regions; what is opened is closed with the source, and when this throws */
export async function openRecords(records: Records, stated: StatedSource): Promise<RowSource> {
  let first: RecordRow | undefined;
  try {
    first = await findSound(records);
  } catch (error) {
    records.close();
    throw error;
  }
  const { labels, boxForm, notes } = first;
  const rows: IndexedRows = {
    ...records,
    labels,
    ...(boxForm === undefined ? {} : { boxForm }),
    notes: [...records.notes, ...notes],
    read: async (index) => withLabels(await read(records, index), labels),
  };
  return await openIndexed(rows, stated);
}

async function read(records: Records, index: number): Promise<RecordRow> {
  return readRecord(records.idAt(index), await records.record(index));
}

/** The first that is sound. @throws LxmertError with what is wrong with the very first */
async function findSound(records: Records): Promise<RecordRow> {
  let firstError: LxmertError | undefined;
  for (let index = 0; index < Math.min(records.numRows, NUM_LOOKED_AT); index++) {
    try {
      return await read(records, index);
    } catch (error) {
      if (!(error instanceof LxmertError)) throw error;
      firstError ??= new LxmertError(`${records.name}, ${records.place(index)}: ${error.message}`, {
        cause: error,
      });
    }
  }
  throw firstError ?? new LxmertError(`${records.name} holds no region features.`);
}

/** Labels are in all rows of a store or in none. */
export function withLabels({ row, labels }: RecordRow, wanted: LabelKind): RawRow {
  if (labels === wanted || labels === 'all') {
    const { objectsId, objectsConf, attrsId, attrsConf, ...rest } = row;
    if (wanted === 'none' || objectsId === undefined || objectsConf === undefined) return rest;
    const objects = { ...rest, objectsId, objectsConf };
    return wanted === 'all' && attrsId !== undefined && attrsConf !== undefined
      ? { ...objects, attrsId, attrsConf }
      : objects;
  }
  throw new LxmertError(`it has ${LABELS[labels]}, and the first ${LABELS[wanted]}.`);
}

const LABELS: Readonly<Record<LabelKind, string>> = {
  all: 'objects and attributes',
  objects: 'objects without attributes',
  none: 'no labels',
};
