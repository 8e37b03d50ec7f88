/** @file One record of a TFRecord file: a length and data, each followed by its checksum. */

import { maskedCrc32c } from '../../formats/hashes/crc32c.js';

const LENGTH_BYTES = 8;
const CHECKSUM_BYTES = 4;

/** The bytes of a record with `data`: length (uint64), checksum of the length, data, checksum of the data; little-endian. */
export function encodeRecord(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(LENGTH_BYTES + CHECKSUM_BYTES + data.length + CHECKSUM_BYTES);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(LENGTH_BYTES, maskedCrc32c(record.subarray(0, LENGTH_BYTES)), true);
  record.set(data, LENGTH_BYTES + CHECKSUM_BYTES);
  view.setUint32(LENGTH_BYTES + CHECKSUM_BYTES + data.length, maskedCrc32c(data), true);
  return record;
}
