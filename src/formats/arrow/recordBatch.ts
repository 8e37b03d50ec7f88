/** @file A batch of rows: where the values of each column lie in its body. */

import { ELEMENT_BYTES } from '../numberArray.js';
import type { SyncRandomAccess } from '../randomAccess.js';
import { type BatchBytes, type Codec, packedBuffer, plainBuffer } from './batchBytes.js';
import { ArrowFault, type FlatTable, withinBytes } from './flatTable.js';
import type { ArrowMessage } from './messages.js';
import type { ArrowField } from './schema.js';

/** What a batch has of a field. */
export interface BatchColumn {
  readonly field: ArrowField;
  /** Values; within lists those of all of them. */
  readonly length: number;
  readonly numNulls: number;
  /** The bits of values that are there come first, as far as the type has such; then bounds, then values. */
  readonly buffers: readonly BatchBytes[];
  readonly children: readonly BatchColumn[];
}

export interface RecordBatch {
  readonly numRows: number;
  readonly columns: readonly BatchColumn[];
}

const BATCH = { numRows: 0, nodes: 1, buffers: 2, compression: 3, viewCounts: 4 } as const;
const COMPRESSION = { codec: 0, method: 1 } as const;
const CODECS: readonly Codec[] = ['lz4', 'zstd'];

/** The number of rows that a batch states. */
export function numRowsOf({ table, start }: ArrowMessage): number {
  return withinBytes(`the message at byte ${start}`, () => table.count(BATCH.numRows));
}

/** @throws ArrowFault for a batch whose parts do not fit its columns and its body */
export function readBatch(
  file: SyncRandomAccess,
  message: ArrowMessage,
  fields: readonly ArrowField[],
): RecordBatch {
  return withinBytes(`the message at byte ${message.start}`, () => {
    const { table } = message;
    const numRows = table.count(BATCH.numRows);
    const columns = new PartsReader(file, message, table).columns(fields);
    for (const { field, length } of columns)
      if (length !== numRows)
        throw new ArrowFault(`a batch has ${numRows} rows, and its column ${field.name} has ${length}`);
    return { numRows, columns };
  });
}

/** How all buffers of a batch are packed; undefined where they are not. @throws ArrowFault for another way */
function codecOf(batch: FlatTable): Codec | undefined {
  const compression = batch.table(BATCH.compression);
  if (compression === undefined) return undefined;
  const codec = CODECS[compression.uint8(COMPRESSION.codec)];
  if (codec === undefined || compression.uint8(COMPRESSION.method) !== 0)
    throw new ArrowFault(
      'its values are compressed in a way that Arrow did not have; write it without compression',
    );
  return codec;
}

/** Takes the parts of a batch in the order of its fields, children behind their lists. */
class PartsReader {
  readonly #nodes: Iterator<readonly number[]>;
  readonly #buffers: Iterator<readonly number[]>;
  readonly #views: Iterator<readonly number[]>;
  readonly #codec: Codec | undefined;

  constructor(
    private readonly file: SyncRandomAccess,
    private readonly message: ArrowMessage,
    table: FlatTable,
  ) {
    this.#nodes = table.structs(BATCH.nodes, 2).values();
    this.#buffers = table.structs(BATCH.buffers, 2).values();
    this.#views = table.structs(BATCH.viewCounts, 1).values();
    this.#codec = codecOf(table);
  }

  columns(fields: readonly ArrowField[]): BatchColumn[] {
    return fields.map((field) => {
      const [length, numNulls] = next(this.#nodes) as [number, number];
      const { type } = field;
      const isView = type.kind === 'other' && type.isView === true;
      const numBuffers = type.numBuffers + (isView ? (next(this.#views)[0] as number) : 0);
      const buffers: BatchBytes[] = [];
      // One after the other, so that a batch that states very many ends where there are no more.
      for (let i = 0; i < numBuffers; i++) buffers.push(this.#buffer(next(this.#buffers)));
      checkBytes(field, length, buffers);
      return { field, length, numNulls, buffers, children: this.columns(field.children) };
    });
  }

  #buffer([offset, length]: readonly number[]): BatchBytes {
    const { bodyStart, bodyBytes } = this.message;
    if (offset === undefined || length === undefined || offset + length > bodyBytes)
      throw new ArrowFault(`a column of the batch at byte ${bodyStart} lies outside its ${bodyBytes} bytes`);
    const start = bodyStart + offset;
    return this.#codec === undefined
      ? plainBuffer(this.file, start, length)
      : packedBuffer(this.file, start, length, this.#codec);
  }
}

/** @throws ArrowFault where so many values cannot be in the bytes, so that no batch has more rows than its body */
function checkBytes({ name, type }: ArrowField, length: number, buffers: readonly BatchBytes[]): void {
  if (length === 0 || type.kind === 'fixedList' || type.kind === 'other') return;
  const needed =
    type.kind === 'number' || type.kind === 'dictionary'
      ? length * ELEMENT_BYTES[type.element]
      : (length + 1) * type.offsetBytes;
  const found = buffers[1]?.length ?? 0;
  if (found < needed)
    throw new ArrowFault(`${name} should have ${needed} bytes for ${length} values; it has ${found}`);
}

function next(parts: Iterator<readonly number[]>): readonly number[] {
  const { value, done } = parts.next();
  if (done) throw new ArrowFault('a batch has fewer parts than the columns need');
  return value;
}
