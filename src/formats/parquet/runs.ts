/** @file Runs of values, as levels and places in a dictionary are stored: walked through before they are unpacked. */

import type { DataReader } from 'hyparquet';
import { readVarInt } from 'hyparquet/src/thrift.js';

/**
 * Walks through runs up to `numValues` values and counts those that are `counted`. A run's header may claim billions of
 * values in four bytes, which the unpacking would believe.
 *
 * @param width bits of a value
 * @throws Error, as the end of a sentence, for a run that is longer than what is left
 */
export function walkRuns(reader: DataReader, width: number, numValues: number, counted = -1): number {
  let numCounted = 0;
  for (let seen = 0; seen < numValues; ) {
    const header = readVarInt(reader) >>> 0;
    const left = numValues - seen;
    if (header & 1) {
      // Groups of eight, the last of which may be filled up, and its bytes left out.
      const count = (header >>> 1) * 8;
      const numUsed = Math.min(count, left);
      if (count > left + 7 || reader.offset + (numUsed * width) / 8 > reader.view.byteLength)
        throw tooLong(count, left);
      for (let i = 0; counted >= 0 && i < numUsed; i++)
        if (bitsAt(reader, i * width, width) === counted) numCounted++;
      reader.offset += (count / 8) * width;
      seen += count;
    } else {
      const count = header >>> 1;
      if (count > left) throw tooLong(count, left);
      let value = 0;
      for (let i = 0; i < Math.ceil(width / 8); i++)
        value |= reader.view.getUint8(reader.offset++) << (8 * i);
      if (value === counted) numCounted += count;
      seen += count;
    }
  }
  return numCounted;
}

/** A value of less than 8 bits within a run of packed ones. */
function bitsAt({ view, offset }: DataReader, firstBit: number, width: number): number {
  const at = offset + (firstBit >> 3);
  const bits = view.getUint8(at) | ((at + 1 < view.byteLength ? view.getUint8(at + 1) : 0) << 8);
  return (bits >> (firstBit & 7)) & ((1 << width) - 1);
}

function tooLong(count: number, left: number): Error {
  return new Error(`a run of ${count} values where ${left} are left`);
}
