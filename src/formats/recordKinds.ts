/** @file Files without a mark of their own, told by the records that they begin with: ONNX, Caffe's weights, TFRecord. */

import { maskedCrc32c } from './hashes/crc32c.js';

/** @param head the first bytes of a file, or all of them */
export function recordKindOf(head: Buffer): 'onnx' | 'caffemodel' | 'tfRecord' | undefined {
  if (isTfRecord(head)) return 'tfRecord';
  if (isOnnx(head)) return 'onnx';
  return isCaffemodel(head) ? 'caffemodel' : undefined;
}

/** The length of the first record, and the checksum of these eight bytes. */
function isTfRecord(head: Buffer): boolean {
  return head.length >= 16 && head.readUInt32LE(8) === maskedCrc32c(head.subarray(0, 8));
}

/** A model's version (field 1, a number), then its producer, its domain or its graph (fields 2, 4 and 7). */
function isOnnx(head: Buffer): boolean {
  const [field, version = 0, next = 0] = head;
  return (
    field === 0x08 && version >= 3 && version < 0x20 && (next === 0x12 || next === 0x22 || next === 0x3a)
  );
}

/** A network's name (field 1, a text), then its first layer (field 100, or 2 in files of before 2014). */
function isCaffemodel(head: Buffer): boolean {
  const length = head[1] ?? 0;
  const isNamed = head[0] === 0x0a && length >= 1 && length < 0x80;
  if (!isNamed || !/^[\x20-\x7e]+$/.test(head.toString('latin1', 2, 2 + length))) return false;
  const next = head.subarray(2 + length, 4 + length);
  return (next[0] === 0xa2 && next[1] === 0x06) || next[0] === 0x12;
}
