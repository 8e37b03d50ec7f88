/** @file A reader of event files for tests, written against the formats' descriptions and not against the writer. */

import { crc32c } from '../../../src/formats/hashes/crc32c.js';

export interface ReadEvent {
  readonly wallTime: number;
  readonly step: number;
  readonly fileVersion?: string;
  readonly isSessionStart?: boolean;
  readonly tag?: string;
  readonly value?: number;
  readonly text?: string;
  readonly plugin?: string;
}

/** A field's content: the bytes of a length-delimited or fixed one, the number of a varint. */
type Field = { readonly number: number; readonly bytes: Buffer; readonly varint: bigint };

/** The data of each record; throws for a checksum that is wrong or a record that is cut off. */
export function readRecords(file: Buffer): Buffer[] {
  const records: Buffer[] = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(file.readBigUInt64LE(at));
    check(file.subarray(at, at + 8), file.readUInt32LE(at + 8));
    const data = file.subarray(at + 12, at + 12 + length);
    check(data, file.readUInt32LE(at + 12 + length));
    records.push(data);
    at += length + 16;
  }
  return records;
}

/** Undoes the mask and compares. */
function check(data: Buffer, masked: number): void {
  const rotated = (masked - 0xa282ead8) >>> 0;
  const checksum = ((rotated << 15) | (rotated >>> 17)) >>> 0;
  if (checksum !== crc32c(data)) throw new Error(`wrong checksum of ${data.length} bytes`);
}

export function readEvents(file: Buffer): ReadEvent[] {
  return readRecords(file).map((record) => {
    const event = fieldsOf(record);
    const value = fieldsOf(at(fieldsOf(at(event, 5)), 1));
    const metadata = fieldsOf(at(fieldsOf(at(value, 9)), 1));
    const tensor = fieldsOf(at(value, 8));
    return {
      wallTime: at(event, 1)?.readDoubleLE() ?? Number.NaN,
      step: Number(event.find(({ number }) => number === 2)?.varint ?? 0),
      ...optional('fileVersion', at(event, 3)?.toString('utf8')),
      ...optional('isSessionStart', fieldsOf(at(event, 7)).length > 0 ? true : undefined),
      ...optional('tag', at(value, 1)?.toString('utf8')),
      ...optional('value', at(value, 2)?.readFloatLE()),
      ...optional('text', at(tensor, 8)?.toString('utf8')),
      ...optional('plugin', at(metadata, 1)?.toString('utf8')),
    };
  });
}

function optional<T>(key: string, value: T | undefined): Record<string, T> {
  return value === undefined ? {} : { [key]: value };
}

function at(fields: readonly Field[], number: number): Buffer | undefined {
  return fields.find((field) => field.number === number)?.bytes;
}

function fieldsOf(message: Buffer | undefined): Field[] {
  const fields: Field[] = [];
  let position = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message!.readUInt8(position++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (message !== undefined && position < message.length) {
    const key = Number(varint());
    const wireType = key & 7;
    const value = wireType === 0 || wireType === 2 ? varint() : 0n;
    const length = [0, 8, Number(value), Number.NaN, Number.NaN, 4][wireType] ?? Number.NaN;
    if (!(position + length <= message.length)) throw new Error(`field ${key >> 3} is cut off`);
    fields.push({
      number: key >> 3,
      bytes: message.subarray(position, position + length),
      varint: value,
    });
    position += length;
  }
  return fields;
}
