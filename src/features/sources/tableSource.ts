/** @file A TSV file, or one in an archive, as a source of rows: places are bytes and lines. */

import { LxmertError } from '../../common/errors.js';
import { type ByteSource, untilAborted } from '../../formats/lines/byteSource.js';
import { readObj36, scanObj36 } from '../obj36Reader.js';
import { type StatedTable, surveyTsv, type TsvForm } from '../tsvForm.js';
import { boxFormIdentity, settingsOf } from './checkedRow.js';
import type { RowSource } from './rowSource.js';

/** @throws LxmertError when the first rows are in no form that is read here */
export async function openTable(
  bytes: ByteSource,
  stated: StatedTable,
  signal: AbortSignal | undefined,
): Promise<RowSource> {
  const source = untilAborted(bytes, signal);
  const numBytes = await source.size();
  const { form, notes, lineEnding, mostBoxes } = await surveyTsv(source, stated);
  return {
    name: source.name,
    fileName: source.fileName,
    numBytes,
    unit: 'line',
    identity: { lineEnding, ...boxFormIdentity(form) },
    settings: settingsOf(form.columns.labels, { ...form, hasSizes: true }),
    notes,
    mostBoxes,
    featureSize: form.features.featureSize,
    rows: (reading) => readObj36(source, { form, ...reading }),
    idAt: ({ start, line }) => scanAt(source, form, start, line),
    estimateRows: ({ end }, numRead) => Math.round(((source.estimateSize?.() ?? numBytes) / end) * numRead),
    close: () => undefined,
  };
}

async function scanAt(
  source: ByteSource,
  form: TsvForm,
  start: number,
  firstLine: number,
): Promise<string | undefined> {
  try {
    for await (const { imageId } of scanObj36(source, { form, start, firstLine, maxImages: 1 }))
      return imageId;
  } catch (error) {
    // A position inside a row does not parse: no row begins there.
    if (!(error instanceof LxmertError)) throw error;
  }
  return undefined;
}
