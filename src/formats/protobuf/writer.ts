/** @file The fields of protobuf messages as bytes, in the four ways in which they are written. */

import { WIRE_TYPES, type WireType } from './wireTypes.js';

/** A whole number from 0 to 2^53 - 1. */
export function varintField(field: number, value: number): Uint8Array {
  return concatenate(keyOf(field, 'varint'), varint(value));
}

export function doubleField(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value, true);
  return concatenate(keyOf(field, 'fixed64'), bytes);
}

/** Rounds to float32. */
export function floatField(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return concatenate(keyOf(field, 'fixed32'), bytes);
}

/** A text, as UTF-8, or a message that is already encoded. */
export function bytesField(field: number, value: string | Uint8Array): Uint8Array {
  const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value;
  return concatenate(keyOf(field, 'bytes'), varint(bytes.length), bytes);
}

/** A message: its fields one after the other. */
export function concatenate(...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}

function keyOf(field: number, wireType: WireType): Uint8Array {
  return varint(field * 8 + WIRE_TYPES[wireType]);
}

/** Seven bits a byte, the lowest first; the high bit says that more follow. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  // No shifts: they would cut the number to 32 bits.
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) {
      bytes.push(rest);
      return Uint8Array.from(bytes);
    }
    bytes.push((rest % 128) + 128);
  }
}
