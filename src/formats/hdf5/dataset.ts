/** @file A dataset: its shape and type, and rows of it read from the file as they are asked for. */

import { swapBytes } from '../numberArray.js';
import { ChunkTable, placeIn } from './chunkTable.js';
import type { ElementType } from './datatype.js';
import { Hdf5Fault } from './fault.js';
import type { Structures } from './fields.js';
import { type Filters, undoFilters } from './filters.js';
import type { Layout } from './layout.js';

/** What is read at once at most; a picture's features take 0.3 MB. */
const MAX_READ_BYTES = 1 << 28;
/** Beyond this a chunk would take the memory that chunks together may. */
const MAX_CHUNK_BYTES = 1 << 27;

/** What a dataset's header says. */
export interface DatasetForm {
  readonly name: string;
  readonly shape: readonly number[];
  readonly maxShape: readonly number[];
  readonly type: ElementType;
  readonly layout: Layout;
  readonly filters: Filters;
}

export class Hdf5Dataset {
  readonly name: string;
  /** None for a single value. */
  readonly shape: readonly number[];
  readonly type: ElementType;
  /** Elements of one row: of what the first side counts. */
  readonly rowSize: number;
  readonly #chunks: () => Chunks;

  constructor(
    private readonly structures: Structures,
    private readonly form: DatasetForm,
  ) {
    this.name = form.name;
    this.shape = form.shape;
    this.type = form.type;
    this.rowSize = form.shape.slice(1).reduce((product, side) => product * side, 1);
    let chunks: Chunks | undefined;
    this.#chunks = () => {
      chunks ??= new Chunks(structures, form, this.rowSize);
      return chunks;
    };
  }

  /** `float32 of 4 x 36 x 2048`, or `one int64`. */
  get text(): string {
    return this.shape.length === 0
      ? `one ${this.type.text}`
      : `${this.type.text} of ${this.shape.join(' x ')}`;
  }

  get numRows(): number {
    return this.shape[0] ?? 1;
  }

  /**
   * Bytes of consecutive rows as the file has them, least significant first.
   *
   * @throws LxmertError for rows beyond the last, for more than fits into memory, and for data that is damaged
   */
  readRows(first = 0, count = this.numRows): ArrayBuffer {
    const { size, isBigEndian } = this.type;
    const numBytes = count * this.rowSize * size;
    if (!(first >= 0 && count >= 0 && first + count <= this.numRows))
      throw new Hdf5Fault(
        this.structures.file,
        `Rows ${first} to ${first + count} of ${this.name} were asked for, which has ${this.numRows}`,
      );
    if (numBytes > MAX_READ_BYTES)
      throw new Hdf5Fault(this.structures.file, `${this.name} would take ${numBytes} bytes at once`);
    const target = new ArrayBuffer(numBytes);
    const bytes = Buffer.from(target);
    this.#fill(bytes, first, count);
    if (isBigEndian && size > 1) swapBytes(bytes, size);
    return target;
  }

  #fill(bytes: Buffer, first: number, count: number): void {
    const { layout, name } = this.form;
    const start = first * this.rowSize * this.type.size;
    switch (layout.kind) {
      case 'compact':
        if (start + bytes.length > layout.bytes.length)
          throw new Hdf5Fault(this.structures.file, `${name} holds fewer bytes than its shape needs`);
        layout.bytes.copy(bytes, 0, start);
        return;
      case 'contiguous':
        if (layout.address === undefined) return;
        if (layout.numBytes !== undefined && start + bytes.length > layout.numBytes)
          throw new Hdf5Fault(
            this.structures.file,
            `${name} takes ${layout.numBytes} bytes, fewer than its shape needs`,
          );
        this.structures.bytes.data(layout.address + start, bytes, name);
        return;
      case 'chunked':
        this.#chunks().fill(bytes, first, count);
    }
  }
}

/** Reading through chunks, some of which are kept. */
class Chunks {
  readonly #table: ChunkTable;
  readonly #kept = new Map<number, Buffer>();
  readonly #chunkShape: readonly number[];
  readonly #chunkBytes: number;
  /** Chunks that hold parts of the same rows. */
  readonly #perBand: number;
  /** Rows read together. */
  #block: { readonly first: number; readonly count: number; bytes: Buffer } | undefined;

  constructor(
    private readonly structures: Structures,
    private readonly form: DatasetForm,
    private readonly rowSize: number,
  ) {
    const { layout, shape, maxShape, type, filters } = form;
    if (layout.kind !== 'chunked') throw new Error('not chunked');
    this.#chunkShape = layout.shape;
    this.#chunkBytes = layout.shape.reduce((product, side) => product * side, type.size);
    if (!(this.#chunkBytes <= MAX_CHUNK_BYTES))
      throw new Hdf5Fault(structures.file, `${form.name} has chunks of ${this.#chunkBytes} bytes`);
    const isFiltered = filters.length > 0;
    this.#table = new ChunkTable(structures, {
      layout,
      shape,
      maxShape,
      chunkBytes: this.#chunkBytes,
      isFiltered,
    });
    this.#perBand = this.#table.grid.slice(1).reduce((product, side) => product * side, 1);
  }

  /** Reads rows, which are most often asked for one after the other, so that no chunk is unpacked for each of them. */
  fill(target: Buffer, first: number, count: number): void {
    const rowBytes = this.rowSize * this.form.type.size;
    const numRows = Math.floor(this.structures.cacheBytes / rowBytes);
    // The chunks of a band are kept; where they are too many, the rows that they hold parts of are.
    if (this.#perBand <= this.#room || count >= numRows) {
      this.#fillFromChunks(target, first, count);
      return;
    }
    let block = this.#block;
    if (block === undefined || first < block.first || first + count > block.first + block.count) {
      const numLeft = (this.form.shape[0] as number) - first;
      block = { first, count: Math.min(numRows, numLeft), bytes: Buffer.alloc(0) };
      // The one before goes first.
      this.#block = undefined;
      block.bytes = Buffer.alloc(block.count * rowBytes);
      this.#fillFromChunks(block.bytes, first, block.count);
      this.#block = block;
    }
    block.bytes.copy(target, 0, (first - block.first) * rowBytes, (first - block.first + count) * rowBytes);
  }

  /** Copies what the chunks that meet these rows hold of them. */
  #fillFromChunks(target: Buffer, first: number, count: number): void {
    const { grid } = this.#table;
    const height = this.#chunkShape[0] as number;
    for (let band = Math.floor(first / height); band * height < first + count; band++) {
      for (let i = 0; i < this.#perBand; i++) {
        const chunk = this.#read(band * this.#perBand + i);
        if (chunk !== undefined)
          this.#copy(chunk, target, { band, place: placeIn(grid, i).slice(1), first, count });
      }
    }
  }

  #copy(
    chunk: Buffer,
    target: Buffer,
    { band, place, first, count }: { band: number; place: readonly number[]; first: number; count: number },
  ): void {
    const { shape, type } = this.form;
    const sides = this.#chunkShape;
    const top = band * (sides[0] as number);
    const from = Math.max(first, top);
    const to = Math.min(first + count, top + (sides[0] as number));
    const chunkRow = sides.slice(1).reduce((product, side) => product * side, 1);
    const runs = runsOf(shape.slice(1), sides.slice(1), place);
    for (let row = from; row < to; row++) {
      const source = (row - top) * chunkRow * type.size;
      const goal = (row - first) * this.rowSize * type.size;
      for (const { inChunk, inRow, length } of runs) {
        const at = source + inChunk * type.size;
        chunk.copy(target, goal + inRow * type.size, at, at + length * type.size);
      }
    }
  }

  /** Chunks that are kept; the oldest goes when there are as many. */
  get #room(): number {
    return Math.max(1, Math.floor(this.structures.cacheBytes / this.#chunkBytes));
  }

  #read(number: number): Buffer | undefined {
    const kept = this.#kept.get(number);
    if (kept !== undefined) return kept;
    const stored = this.#table.get(number);
    if (stored === undefined) return undefined;
    const { name, filters, type } = this.form;
    const what = `chunk ${number} of ${name}`;
    if (stored.numBytes > 2 * this.#chunkBytes + 1024)
      throw new Hdf5Fault(this.structures.file, `The ${what} claims ${stored.numBytes} bytes`);
    const bytes = Buffer.allocUnsafeSlow(stored.numBytes);
    this.structures.bytes.data(stored.address, bytes, what);
    const chunk = undoFilters(bytes, filters, stored.filterMask, type.size, this.#chunkBytes);
    if (chunk === undefined)
      throw new Hdf5Fault(
        this.structures.file,
        `The ${what} at byte ${stored.address} does not unpack to ${this.#chunkBytes} bytes`,
      );
    const [oldest] = this.#kept.keys();
    if (this.#kept.size >= this.#room && oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(number, chunk);
    return chunk;
  }
}

interface Run {
  readonly inChunk: number;
  readonly inRow: number;
  readonly length: number;
}

/** The stretches of a row that a chunk holds, in elements; sides without the first. */
function runsOf(shape: readonly number[], sides: readonly number[], place: readonly number[]): Run[] {
  let runs: Run[] = [{ inChunk: 0, inRow: 0, length: 1 }];
  for (const [axis, side] of sides.entries()) {
    const start = (place[axis] as number) * side;
    const length = Math.min(side, (shape[axis] as number) - start);
    const isLast = axis === sides.length - 1;
    runs = runs.flatMap(({ inChunk, inRow }) =>
      isLast
        ? [{ inChunk: inChunk * side, inRow: inRow * (shape[axis] as number) + start, length }]
        : Array.from({ length }, (_, i) => ({
            inChunk: inChunk * side + i,
            inRow: inRow * (shape[axis] as number) + start + i,
            length: 1,
          })),
    );
  }
  return runs;
}
