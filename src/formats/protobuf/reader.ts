/** @file The fields of a protobuf message in a file, one after another, with nothing read but their heads. */

import type { SyncRandomAccess } from '../randomAccess.js';
import { WIRE_TYPES, type WireType } from './wireTypes.js';

const wireTypes = new Map(
  Object.entries(WIRE_TYPES).map(([type, code]) => [code as number, type as WireType]),
);

/** A field: its number, and where its value lies. `value` is that of a varint, 0 for the others. */
export interface ProtobufField {
  readonly number: number;
  readonly wireType: WireType;
  readonly start: number;
  readonly end: number;
  readonly value: bigint;
}

/** The errors of whoever reads: its sentences name the file and say what it should be. */
export interface ProtobufErrors {
  /** At byte `position` the message stops making sense; `fault` is a clause. */
  malformed(position: number, fault: string): Error;
  /** The file should have `neededBytes` at least. */
  truncated(neededBytes: number): Error;
}

/**
 * Fields that are looked at before a file is given up: a real network has some 20,000, and a file of nothing but tiny
 * fields would keep the reader busy for minutes.
 */
const maxFields = 4_000_000;

/** Short, because most reads are the head of a field whose bytes are then passed over. */
const windowLength = 1 << 13;

/** A position in a message, over a window of the file that moves along. */
export class ProtobufReader {
  #window: Buffer = Buffer.alloc(0);
  #windowStart = 0;
  #numFields = 0;

  constructor(
    private readonly file: SyncRandomAccess,
    private readonly errors: ProtobufErrors,
  ) {}

  /**
   * The fields between two bytes of the file. A consumer may read other messages with the same reader meanwhile.
   *
   * @throws {@link ProtobufErrors} for a field that is malformed or reaches beyond `end`
   */
  *fields(start: number, end: number): Generator<ProtobufField, void, void> {
    let position = start;
    while (position < end) {
      const field = this.#field(position, end);
      yield field;
      position = field.end;
    }
  }

  /**
   * The end of a run of fields that repeat the one-byte tag and fixed size of the field at `position`, as numbers
   * that are not packed do.
   */
  endOfRun(position: number, end: number, step: number): number {
    const tag = this.#byte(position, end);
    let at = position;
    while (at + step <= end && this.#byte(at, end) === tag) at += step;
    return at;
  }

  /** The whole numbers in a field of packed varints, `maxCount` at most. */
  packedVarints(field: ProtobufField, maxCount: number): bigint[] {
    const values: bigint[] = [];
    let position = field.start;
    while (position < field.end) {
      const { value, next } = this.#varint(position, field.end);
      values.push(value);
      position = next;
      if (values.length > maxCount) this.fail(field.start, `a list has more than ${maxCount} numbers`);
    }
    return values;
  }

  /** A field's text. @throws {@link ProtobufErrors} when it is over `maxLength` bytes, no UTF-8, or has control characters */
  text(field: ProtobufField, maxLength: number): string {
    const length = field.end - field.start;
    if (length > maxLength) this.fail(field.start, `a name has ${length} bytes`);
    const text = decodeUtf8(this.file.read(field.start, length));
    // Control characters could play tricks on a terminal that names are printed to.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
    if (text === undefined || /[\x00-\x1f\x7f-\x9f]/.test(text)) this.fail(field.start, 'a name is no text');
    return text;
  }

  /** Throws the error for a message that stops making sense. */
  fail(position: number, fault: string): never {
    throw this.errors.malformed(position, fault);
  }

  #field(position: number, end: number): ProtobufField {
    if (++this.#numFields > maxFields) this.fail(position, `more than ${maxFields} fields have come already`);
    const { value: tag, next } = this.#varint(position, end);
    const number = Number(tag >> 3n);
    const wireType = wireTypes.get(Number(tag & 7n));
    // Field numbers have 29 bits.
    if (number === 0 || number >= 2 ** 29) this.fail(position, `a field has the number ${number}`);
    if (wireType === undefined) this.fail(position, `a field is of the unknown kind ${tag & 7n}`);
    if (wireType === 'varint') {
      const { value, next: after } = this.#varint(next, end);
      return { number, wireType, start: next, end: after, value };
    }
    let start = next;
    let length = BigInt(wireType === 'fixed32' ? 4 : 8);
    if (wireType === 'bytes') {
      const read = this.#varint(next, end);
      length = read.value;
      start = read.next;
    }
    if (length > BigInt(end - start)) {
      if (end === this.file.size && length < 2n ** 48n) {
        throw this.errors.truncated(start + Number(length));
      }
      this.fail(position, `a field of ${length} bytes does not fit the ${end - start} that are left for it`);
    }
    return { number, wireType, start, end: start + Number(length), value: 0n };
  }

  /** A whole number of up to 64 bits, 7 in each byte, the lowest first. */
  #varint(position: number, end: number): { value: bigint; next: number } {
    // Most are of one byte or a few, for which doubles are exact and quick.
    let small = 0;
    for (let i = 0; i < 7; i++) {
      const byte = this.#byte(position + i, end);
      small += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) return { value: BigInt(small), next: position + i + 1 };
    }
    let value = BigInt(small);
    for (let i = 7; i < 10; i++) {
      const byte = this.#byte(position + i, end);
      value |= BigInt(byte & 0x7f) << BigInt(7 * i);
      if (byte < 0x80) {
        if (value >= 2n ** 64n) break;
        return { value, next: position + i + 1 };
      }
    }
    return this.fail(position, 'a number is longer than 64 bits');
  }

  #byte(position: number, end: number): number {
    if (position >= end) {
      if (end === this.file.size) throw this.errors.truncated(position + 1);
      this.fail(position, 'a field ends inside a number');
    }
    const index = position - this.#windowStart;
    if (index >= 0 && index < this.#window.length) return this.#window[index]!;
    this.#window = this.file.read(position, Math.min(windowLength, this.file.size - position));
    this.#windowStart = position;
    return this.#window[0]!;
  }
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
