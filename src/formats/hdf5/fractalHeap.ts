/** @file The heap in which new groups of many members keep their names: blocks whose sizes double from row to row. */

import { Hdf5Unread } from './fault.js';
import { bytesFor, Fields, isPowerOfTwo, type Structures } from './fields.js';

const WHAT = 'heap of links';
const [MANAGED, TINY] = [0, 2];

/** Objects of the heap by the ids that trees hold. */
export class FractalHeap {
  readonly #structures: Structures;
  readonly #offsetBytes: number;
  readonly #lengthBytes: number;
  readonly #tableWidth: number;
  readonly #startBytes: number;
  readonly #maxDirectBytes: number;
  readonly #maxBits: number;
  readonly #root: number | undefined;
  /** 0: the root is a block of objects itself. */
  readonly #numRows: number;

  constructor(structures: Structures, address: number) {
    const { offsets, lengths } = structures.widths;
    this.#structures = structures;
    const head = structures.fields(address, 22 + 3 * offsets + 12 * lengths, WHAT);
    head.mark('FRHP');
    head.version(0);
    head.skip(2);
    if (head.number(2) > 0) throw new Hdf5Unread(structures.file, 'names that are compressed');
    head.skip(1);
    const maxObjectBytes = head.number(4);
    head.skip(2 * offsets + 10 * lengths);
    this.#tableWidth = head.number(2);
    this.#startBytes = head.length();
    this.#maxDirectBytes = head.length();
    this.#maxBits = head.number(2);
    head.skip(2);
    this.#root = head.address();
    this.#numRows = head.number(2);
    if (
      !isPowerOfTwo(this.#tableWidth) ||
      !isPowerOfTwo(this.#startBytes) ||
      !isPowerOfTwo(this.#maxDirectBytes) ||
      this.#maxBits > 52
    )
      head.fail('has blocks of odd sizes');
    this.#offsetBytes = Math.ceil(this.#maxBits / 8);
    this.#lengthBytes = Math.min(bytesFor(this.#maxDirectBytes), bytesFor(maxObjectBytes));
  }

  /** @param id the rest of a record of a tree */
  read(id: Fields): Fields {
    const kind = (id.number(1) >> 4) & 3;
    if (kind === TINY) {
      const length = ((id.bytes[id.position - 1] as number) & 15) + 1;
      return this.#fields(id.take(length));
    }
    if (kind !== MANAGED) throw new Hdf5Unread(this.#structures.file, 'names of thousands of characters');
    const offset = id.number(this.#offsetBytes);
    const length = id.number(this.#lengthBytes);
    return this.#fields(this.#structures.bytes.structure(this.#find(offset, id), length, WHAT));
  }

  #fields(bytes: Buffer): Fields {
    return new Fields(bytes, this.#structures.widths, this.#structures.file, 'link in a heap');
  }

  /** The address at which an offset in the heap lies. */
  #find(offset: number, id: Fields): number {
    const root = this.#root ?? id.fail('names an object of an empty heap');
    if (this.#numRows === 0) return root + offset;
    let block = root;
    let within = offset;
    for (;;) {
      const { row, column, start } = this.#placeOf(within);
      const blockBytes = this.#rowBytes(row);
      const child = this.#childOf(block, row, column) ?? id.fail('names a block that is not there');
      within -= start;
      if (blockBytes <= this.#maxDirectBytes) return child + within;
      block = child;
    }
  }

  #rowBytes(row: number): number {
    return row === 0 ? this.#startBytes : this.#startBytes * 2 ** (row - 1);
  }

  /** Which block of a table of blocks an offset lies in, and where that begins. */
  #placeOf(offset: number): { readonly row: number; readonly column: number; readonly start: number } {
    const firstRow = this.#tableWidth * this.#startBytes;
    const row = offset < firstRow ? 0 : Math.floor(Math.log2(offset / firstRow)) + 1;
    const rowStart = row === 0 ? 0 : firstRow * 2 ** (row - 1);
    const column = Math.floor((offset - rowStart) / this.#rowBytes(row));
    return { row, column, start: rowStart + column * this.#rowBytes(row) };
  }

  #childOf(block: number, row: number, column: number): number | undefined {
    const { offsets } = this.#structures.widths;
    const head = this.#structures.fields(block, 5, WHAT);
    head.mark('FHIB');
    head.version(0);
    const at = block + 5 + offsets + this.#offsetBytes + (row * this.#tableWidth + column) * offsets;
    return this.#structures.fields(at, offsets, WHAT).address();
  }
}
