/** @file How a protobuf field's value is written; part of its key (Protocol Buffers encoding guide). */

/** The two kinds of groups, 3 and 4, are long abandoned: they are neither read nor written. */
export const WIRE_TYPES = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

export type WireType = keyof typeof WIRE_TYPES;
