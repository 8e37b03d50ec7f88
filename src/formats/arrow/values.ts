/** @file The value of one row in one column of a batch; only its own bytes are read, however large the batch is. */

import { ELEMENT_BYTES, integersOf, type NumberArray } from '../numberArray.js';
import type { BatchBytes } from './batchBytes.js';
import { ArrowFault } from './flatTable.js';
import type { BatchColumn } from './recordBatch.js';

/** Numbers, or lists of equal length of them; a text; null for a value that is not there. */
export type ArrowValue = NumberArray | string | null;

/** @throws ArrowFault for a value that is damaged, takes more than `maxBytes`, or has a type that is not read */
export class ValueReader {
  constructor(private readonly maxBytes: number) {}

  value(column: BatchColumn, row: number): ArrowValue {
    if (!(row >= 0 && row < column.length)) throw new ArrowFault(`it has no row ${row}`);
    if (this.#hasNulls(column, row, row + 1)) return null;
    if (column.field.type.kind === 'text') return this.#text(column, row, column.field.type.offsetBytes);
    const array = this.#array(column, row, row + 1);
    return { ...array, shape: array.shape.slice(1) };
  }

  /** Where a row's value stands in its column's dictionary; null for one that is not there. */
  placeInDictionary(column: BatchColumn, row: number): number | null {
    const { field, buffers } = column;
    if (field.type.kind !== 'dictionary') throw new ArrowFault(`${field.name} has no dictionary`);
    if (!(row >= 0 && row < column.length)) throw new ArrowFault(`it has no row ${row}`);
    if (this.#hasNulls(column, row, row + 1)) return null;
    const { element } = field.type;
    const width = ELEMENT_BYTES[element];
    const bytes = this.#read(buffers[1], width * row, width, field.name);
    return Number(integersOf({ type: element, shape: [1], bytes })?.[0]);
  }

  /** The values from `start` to `end`, as the first axis of an array. */
  #array(column: BatchColumn, start: number, end: number): NumberArray {
    const { field, buffers, children, length } = column;
    if (!(start <= end && end <= length))
      throw new ArrowFault(`values ${start} to ${end} of ${field.name} are not among ${length}`);
    if (this.#hasNulls(column, start, end))
      throw new ArrowFault(`${field.name} has an empty value among its numbers`);
    const { type } = field;
    if (type.kind === 'number') {
      const width = ELEMENT_BYTES[type.element];
      const bytes = this.#read(buffers[1], width * start, width * (end - start), field.name);
      return { type: type.element, shape: [end - start], bytes };
    }
    const [child] = children;
    if (child === undefined || children.length !== 1 || (type.kind !== 'list' && type.kind !== 'fixedList'))
      throw new ArrowFault(`${field.name} holds no numbers`);
    const bounds =
      type.kind === 'fixedList'
        ? { start: type.length * start, end: type.length * end, each: type.length }
        : this.#bounds(column, start, end, type.offsetBytes);
    const inner = this.#array(child, bounds.start, bounds.end);
    return { ...inner, shape: [end - start, bounds.each, ...inner.shape.slice(1)] };
  }

  /** Where lists begin and end among the values of their child; all must be of one length. */
  #bounds(column: BatchColumn, start: number, end: number, width: 4 | 8) {
    const { field, buffers } = column;
    const bytes = this.#read(buffers[1], width * start, width * (end - start + 1), field.name);
    const at = (i: number): number => boundAt(bytes, i, width);
    const [first, last] = [at(0), at(end - start)];
    const each = end === start ? 0 : at(1) - first;
    for (let i = 0; i <= end - start; i++)
      if (!(first >= 0 && each >= 0 && at(i) === first + i * each))
        throw new ArrowFault(`the lists of ${field.name} differ in length, or run backwards`);
    return { start: first, end: last, each };
  }

  #text({ field, buffers }: BatchColumn, row: number, width: 4 | 8): string {
    const bytes = this.#read(buffers[1], width * row, 2 * width, field.name);
    const [start, end] = [boundAt(bytes, 0, width), boundAt(bytes, 1, width)];
    if (!(start >= 0 && end >= start)) throw new ArrowFault(`a text of ${field.name} runs backwards`);
    return this.#read(buffers[2], start, end - start, field.name).toString('utf8');
  }

  #hasNulls({ field, numNulls, buffers }: BatchColumn, start: number, end: number): boolean {
    if (numNulls === 0 || start === end) return false;
    const firstByte = start >> 3;
    // Beyond 2^31 values a shift would go wrong; no column has so many nulls in a file of this kind.
    if (end > 2 ** 31) throw new ArrowFault(`${field.name} has ${end} values and more`);
    const bits = this.#read(buffers[0], firstByte, ((end + 7) >> 3) - firstByte, field.name);
    for (let i = start; i < end; i++)
      if ((((bits[(i >> 3) - firstByte] as number) >> (i & 7)) & 1) === 0) return true;
    return false;
  }

  #read(buffer: BatchBytes | undefined, at: number, length: number, name: string): Buffer {
    if (length > this.maxBytes)
      throw new ArrowFault(`one value of ${name} takes ${length} bytes; ${this.maxBytes} are the most`);
    if (buffer === undefined || !(at >= 0 && at + length <= buffer.length))
      throw new ArrowFault(`${name} has fewer bytes than its rows need`);
    return buffer.read(at, length);
  }
}

/** Where a list or text begins, which is where the one before it ends. */
function boundAt(bytes: Buffer, i: number, width: 4 | 8): number {
  return width === 4 ? bytes.readInt32LE(4 * i) : Number(bytes.readBigInt64LE(8 * i));
}
