/** @file Rows of records that can only be read one after another, such as the members of a packed archive. */

import { LxmertError } from '../../common/errors.js';
import { RowError } from '../rowError.js';
import type { LabelKind } from '../tsvColumns.js';
import { asRowError, boxFormIdentity, brokenRow, checkedRow, settingsOf } from './checkedRow.js';
import type { IndexedRows, RawRow, StatedSource } from './indexedRows.js';
import type { PictureRecord } from './pictureFields.js';
import { type RecordRow, readRecord } from './pictureRecord.js';
import { withLabels } from './recordSource.js';
import type { PlacedRow, RowReading, RowSource } from './rowSource.js';
import { type RowForm, surveySamples } from './surveyRows.js';

/** What ends a reading, whichever rows are left out. */
export class StreamFault extends LxmertError {}

/** A record that reading has come to; it is read before the next is asked for, or not at all. */
export interface StreamedRecord {
  /** To follow the source's name. */
  readonly place: string;
  readonly imageId: string;
  /** @throws LxmertError, without file and place, for a record that cannot be read; StreamFault where nothing can be */
  record(): Promise<PictureRecord>;
}

/** Records in a fixed order. */
export interface StreamedRecords
  extends Pick<IndexedRows, 'name' | 'fileName' | 'numBytes' | 'format' | 'notes'> {
  /** From the first on. @throws LxmertError where no more can be read */
  open(): AsyncGenerator<StreamedRecord, void, undefined>;
  /** How much of all the reading that was opened last has passed, from 0 to 1. */
  share(): number;
}

/** Rows whose number of boxes is looked at, and of these those whose numbers are. */
const [NUM_ROWS, NUM_SAMPLES] = [256, 32];

/** @throws LxmertError when none of the first records is a picture's regions */
export async function openStreamed(records: StreamedRecords, stated: StatedSource): Promise<RowSource> {
  const rows = new StreamedRows(records, stated);
  const { first, samples, mostBoxes } = await rows.sample();
  const { labels, boxForm, notes } = first;
  const { form, notes: surveyed } = surveySamples(
    { name: records.name, labels, notes: [...records.notes, ...notes], ...(boxForm && { boxForm }) },
    samples,
    stated,
  );
  return {
    name: records.name,
    fileName: records.fileName,
    numBytes: records.numBytes,
    unit: 'row',
    identity: { format: records.format, ...boxFormIdentity(form) },
    settings: settingsOf(labels, form),
    notes: surveyed,
    mostBoxes,
    featureSize: form.featureSize,
    rows: (reading) => rows.rows({ form, labels }, reading),
    idAt: ({ start }) => rows.idAt(start),
    estimateRows: ({ end }) => Math.round(end / Math.max(records.share(), Number.EPSILON)),
    close: () => rows.close(),
  };
}

class StreamedRows {
  #parked: Reading | undefined;

  constructor(
    private readonly records: StreamedRecords,
    private readonly stated: StatedSource,
  ) {}

  /** What the first records tell. @throws LxmertError with what is wrong with the very first when none is sound */
  async sample() {
    let first: RecordRow | undefined;
    let problem: unknown;
    const samples: RawRow[] = [];
    let mostBoxes = 1;
    for await (const { found, index } of this.#from(0)) {
      if (index === NUM_ROWS || (first === undefined && index === NUM_SAMPLES)) break;
      try {
        const read = readRecord(found.imageId, await found.record());
        first ??= read;
        mostBoxes = Math.max(mostBoxes, read.row.boxes.length / 4);
        if (index < NUM_SAMPLES) samples.push(withLabels(read, first.labels));
      } catch (error) {
        const told = this.#rowError(error, found, index);
        if (!(told instanceof RowError)) throw told;
        problem ??= told;
      }
    }
    if (first === undefined) throw problem ?? new LxmertError(`${this.records.name} holds no rows.`);
    return { first, samples, mostBoxes };
  }

  async *rows(
    { form, labels }: { readonly form: RowForm; readonly labels: LabelKind },
    { start = 0, onBroken, signal }: RowReading = {},
  ): AsyncGenerator<PlacedRow, void, undefined> {
    for await (const { found, index } of this.#from(start, signal)) {
      let row: PlacedRow['row'];
      try {
        const raw = withLabels(readRecord(found.imageId, await found.record()), labels);
        row = checkedRow(raw, form, this.stated);
      } catch (error) {
        const told = this.#rowError(error, found, index);
        if (!(told instanceof RowError) || onBroken === undefined) throw told;
        onBroken(brokenRow(told, index));
        continue;
      }
      yield { row, start: index, end: index + 1, line: index + 1 };
    }
  }

  async idAt(start: number): Promise<string | undefined> {
    for await (const { found } of this.#from(start)) return found.imageId;
    return undefined;
  }

  close(): void {
    this.#parked?.close();
    this.#parked = undefined;
  }

  /** A reading that is left goes on with the next one, where that does not begin before it. */
  async *#from(start: number, signal?: AbortSignal) {
    if (this.#parked !== undefined && this.#parked.numPassed > start) this.close();
    const reading = this.#parked ?? new Reading(this.records.open());
    this.#parked = undefined;
    let isWhole = true;
    try {
      for (;;) {
        signal?.throwIfAborted();
        isWhole = false;
        const found = await reading.next();
        if (found === undefined) return;
        isWhole = true;
        const index = reading.numPassed - 1;
        if (index >= start) yield { found, index };
      }
    } finally {
      if (isWhole) this.#parked = reading;
      else reading.close();
    }
  }

  #rowError(error: unknown, { place, imageId }: StreamedRecord, index: number): unknown {
    if (error instanceof StreamFault) return error;
    return asRowError(error, `${this.records.name}, ${place}`, index + 1, imageId);
  }
}

/** One way through the records. */
class Reading {
  numPassed = 0;

  constructor(private readonly records: AsyncGenerator<StreamedRecord, void, undefined>) {}

  async next(): Promise<StreamedRecord | undefined> {
    const { value, done } = await this.records.next();
    if (done === true) return undefined;
    this.numPassed++;
    return value;
  }

  close(): void {
    void this.records.return();
  }
}
