/** @file VinVL's and Oscar's tables (`predictions.tsv`, `features.tsv`, `*.feature.tsv`) as a source of rows, line by line. */

import path from 'node:path';
import { LxmertError } from '../../common/errors.js';
import { readHead } from '../../formats/fileHead.js';
import { asByteSource, type ByteSource, untilAborted } from '../../formats/lines/byteSource.js';
import { type Line, readLines } from '../../formats/lines/lineReader.js';
import { formatCount } from '../../formats/numbers.js';
import { RowError } from '../rowError.js';
import { withoutMark } from '../tsvFields.js';
import { ROW_LIMITS } from '../tsvForm.js';
import { asRowError, boxFormIdentity, brokenRow, checkedRow, settingsOf } from './checkedRow.js';
import type { FeatureFormat } from './featureFormat.js';
import type { PictureSize, RawRow, StatedSource } from './indexedRows.js';
import { readPictureSizes } from './pictureSizes.js';
import type { PlacedRow, RowReading, RowSource } from './rowSource.js';
import { type RowForm, surveySamples } from './surveyRows.js';
import { beginsVinvlTable, isObjectRow, readVinvlLine, readVinvlRow } from './vinvlRow.js';
import { findVinvlSizes } from './vinvlSizes.js';
import { VINVL_NOTES, vinvlDetector } from './vinvlVectors.js';

export const vinvlTable: FeatureFormat = {
  name: "VinVL's and Oscar's TSV files",
  recognises: ({ path: given, kind }) => kind === 'text' && beginsVinvlTable(readHead(given, 2048)),
  open: (file, stated) => openVinvl(asByteSource(file), sizesOf(findVinvlSizes(file)), stated),
};

/** Rows that are looked at. */
const NUM_SAMPLES = 32;

/** Sizes of pictures, and the file that they come from. */
export interface VinvlSizes {
  readonly file: string;
  readonly sizes: ReadonlyMap<string, PictureSize>;
}

function sizesOf(file: string | undefined): VinvlSizes | undefined {
  return file === undefined ? undefined : { file, sizes: readPictureSizes(file) };
}

/**
 * Rows of a table that may lie in an archive; the source is not closed with it.
 *
 * @throws LxmertError when its first rows cannot be read, or have boxes in pixels and nothing has the sizes of pictures
 */
export async function openVinvl(
  source: ByteSource,
  beside: VinvlSizes | undefined,
  stated: StatedSource,
): Promise<RowSource> {
  const table = new VinvlTable(source, beside?.sizes ?? new Map(), stated);
  const { samples, isOfObjects } = await table.readSamples();
  if (isOfObjects && samples.every(({ width }) => width === undefined) && stated.sizes === undefined)
    throw new LxmertError(
      `${source.name} has boxes in pixels and no sizes of pictures, and the model needs boxes as shares of their sides. ` +
        'Put the table of sizes (hw.tsv) beside it, or state them with --sizes-from FILE of lxmert features convert.',
    );
  const notes = [
    ...VINVL_NOTES,
    ...(isOfObjects
      ? ['names of classes and attributes, which are of another vocabulary, are left out']
      : []),
    ...(beside === undefined
      ? []
      : [`sizes of ${formatCount(beside.sizes.size, 'picture')} from ${path.basename(beside.file)}`]),
  ];
  const labels = 'none';
  const { form, notes: surveyed } = surveySamples(
    { name: source.name, labels, notes, boxForm: { format: 'xyxy', unit: isOfObjects ? 'pixel' : 'share' } },
    samples,
    stated,
  );
  const detector = vinvlDetector(form.featureSize);
  const numBytes = await source.size();
  return {
    name: source.name,
    fileName: source.fileName,
    numBytes,
    unit: 'line',
    identity: { format: 'vinvl', ...boxFormIdentity(form) },
    settings: settingsOf(labels, form),
    notes: surveyed,
    ...(detector === undefined ? {} : { detector }),
    mostBoxes: samples.reduce((most, { boxes }) => Math.max(most, boxes.length / 4), 1),
    featureSize: form.featureSize,
    rows: (reading) => table.rows(form, reading),
    idAt: ({ start, line }) => table.idAt(start, line),
    estimateRows: ({ end }, numRead) => Math.round(((source.estimateSize?.() ?? numBytes) / end) * numRead),
    close: () => undefined,
  };
}

class VinvlTable {
  constructor(
    private readonly source: ByteSource,
    private readonly sizes: ReadonlyMap<string, PictureSize>,
    private readonly stated: StatedSource,
  ) {}

  /** Of the first rows those that can be read. @throws LxmertError when none can */
  async readSamples(): Promise<{ readonly samples: RawRow[]; readonly isOfObjects: boolean }> {
    const samples: RawRow[] = [];
    let numRows = 0;
    let isOfObjects = false;
    let problem: unknown;
    for await (const line of this.#lines()) {
      try {
        const fields = readVinvlLine(line.bytes);
        isOfObjects ||= fields !== undefined && isObjectRow(fields);
        samples.push(this.#read(line));
      } catch (error) {
        if (!(error instanceof RowError)) throw error;
        problem ??= error;
      }
      if (++numRows >= NUM_SAMPLES) break;
    }
    if (samples.length > 0) return { samples, isOfObjects };
    throw problem ?? new LxmertError(`${this.source.name} holds no rows.`);
  }

  async *rows(
    form: RowForm,
    { start, firstLine, onBroken, signal }: RowReading = {},
  ): AsyncGenerator<PlacedRow, void, undefined> {
    const place = { start: start ?? 0, firstLine: firstLine ?? 1 };
    for await (const line of this.#lines(place, signal)) {
      const { number, start: from, end } = line;
      try {
        const raw = this.#read(line);
        yield { row: this.#checked(raw, form, number), start: from, end, line: number };
      } catch (error) {
        if (!(error instanceof RowError) || onBroken === undefined) throw error;
        onBroken(brokenRow(error, from));
      }
    }
  }

  async idAt(start: number, firstLine: number): Promise<string | undefined> {
    for await (const { bytes } of this.#lines({ start, firstLine })) return readVinvlLine(bytes)?.imageId;
    return undefined;
  }

  async *#lines(
    place = { start: 0, firstLine: 1 },
    signal?: AbortSignal,
  ): AsyncGenerator<Line, void, undefined> {
    for await (const line of readLines(untilAborted(this.source, signal), { ...place, ...ROW_LIMITS })) {
      const bytes = withoutMark(line.bytes);
      if (bytes.length > 0) yield { ...line, bytes };
    }
  }

  #read({ bytes, number }: Line): RawRow {
    const fields = readVinvlLine(bytes);
    try {
      if (fields === undefined) throw new LxmertError('it has no tab between a key and its features.');
      return readVinvlRow(fields, this.sizes.get(fields.imageId));
    } catch (error) {
      throw asRowError(error, this.#place(number), number, fields?.imageId ?? '');
    }
  }

  #checked(raw: RawRow, form: RowForm, line: number) {
    try {
      return checkedRow(raw, form, this.stated);
    } catch (error) {
      throw asRowError(error, this.#place(line), line, raw.imageId);
    }
  }

  #place(line: number): string {
    return `${this.source.name}, line ${line}`;
  }
}
