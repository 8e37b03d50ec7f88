/** @file Protobuf written and read back, and both against the bytes of the encoding guide. */

import { describe, expect, it } from 'vitest';
import { ProtobufReader } from '../../src/formats/protobuf/reader.js';
import {
  bytesField,
  concatenate,
  doubleField,
  floatField,
  varintField,
} from '../../src/formats/protobuf/writer.js';

function readerOf(bytes: Uint8Array): ProtobufReader {
  const file = {
    size: bytes.length,
    read: (position: number, length: number) => Buffer.from(bytes.subarray(position, position + length)),
  };
  return new ProtobufReader(file, {
    malformed: (position, fault) => new Error(`byte ${position}: ${fault}`),
    truncated: (needed) => new Error(`needs ${needed} bytes`),
  });
}

const fieldsOf = (bytes: Uint8Array) => [...readerOf(bytes).fields(0, bytes.length)];

describe('protobuf', () => {
  it('writes the bytes of the encoding guide', () => {
    expect(Buffer.from(varintField(1, 150)).toString('hex')).toBe('089601');
    expect(Buffer.from(bytesField(2, 'testing')).toString('hex')).toBe('120774657374696e67');
    expect(Buffer.from(floatField(3, 1)).toString('hex')).toBe('1d0000803f');
  });

  it('reads what it writes, each kind in its place', () => {
    const message = concatenate(
      varintField(1, 2 ** 53 - 1),
      doubleField(2, 0.1),
      bytesField(300, 'a text'),
      floatField(2 ** 29 - 1, 1.5),
    );
    const fields = fieldsOf(message);
    expect(fields.map(({ number, wireType }) => [number, wireType])).toEqual([
      [1, 'varint'],
      [2, 'fixed64'],
      [300, 'bytes'],
      [2 ** 29 - 1, 'fixed32'],
    ]);
    expect(fields[0]?.value).toBe(2n ** 53n - 1n);
    expect(readerOf(message).text(fields[2]!, 100)).toBe('a text');
    const view = new DataView(message.buffer, message.byteOffset);
    expect(view.getFloat64(fields[1]!.start, true)).toBe(0.1);
    expect(view.getFloat32(fields[3]!.start, true)).toBe(1.5);
  });

  it('tells a message that ends early from one that makes no sense', () => {
    const message = bytesField(1, 'a text');
    expect(() => fieldsOf(message.subarray(0, 4))).toThrow('needs 8 bytes');
    expect(() => fieldsOf(Uint8Array.of(0x0b))).toThrow('byte 0: a field is of the unknown kind 3');
    // A message inside another, whose field reaches beyond it.
    const inner = Uint8Array.of(0x0a, 0x02, 0x0a, 0x05, 0x00);
    expect(() => [...readerOf(inner).fields(2, 4)]).toThrow('does not fit');
  });
});
