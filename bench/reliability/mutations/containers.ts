/** @file Damage that passes the first checks: a member of a zip with its checksum made right, a safetensors header with its length. */

import { crc32 } from 'node:zlib';
import type { ByteMutation } from './bytes.js';
import { mutateBytes } from './bytes.js';
import { mutateJson } from './json.js';

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;

/** Changes bytes of a stored member and writes its checksum anew, so that its content is what is looked at. */
export const mutateZipMember: ByteMutation = (bytes, random) => {
  const entries = centralEntries(bytes);
  if (entries.length === 0 || random.uniform() < 0.4) return mutateBytes(bytes, random);
  // The first member of a checkpoint is its pickle, which says what all others are.
  const at = random.uniform() < 0.7 ? (entries[0] as number) : random.pick(entries);
  const changed = Buffer.from(bytes);
  const local = changed.readUInt32LE(at + 42);
  if (local + 30 > changed.length || changed.readUInt32LE(local) !== LOCAL) return mutateBytes(bytes, random);
  const start = local + 30 + changed.readUInt16LE(local + 26) + changed.readUInt16LE(local + 28);
  const size = changed.readUInt32LE(at + 20);
  const content = changed.subarray(start, start + size);
  // Of the same length: the directory stays right.
  const damaged = mutateBytes(content, random);
  damaged.copy(changed, start, 0, Math.min(size, damaged.length));
  const checksum = crc32(changed.subarray(start, start + size));
  changed.writeUInt32LE(checksum, at + 16);
  changed.writeUInt32LE(checksum, local + 14);
  return changed;
};

/** Places of the members' entries in the directory. */
function centralEntries(bytes: Buffer): number[] {
  const places: number[] = [];
  const signature = Buffer.alloc(4);
  signature.writeUInt32LE(CENTRAL);
  for (
    let at = bytes.indexOf(signature);
    at >= 0 && at + 46 <= bytes.length;
    at = bytes.indexOf(signature, at + 4)
  )
    places.push(at);
  return places;
}

/** Changes the header as JSON and writes its length anew. */
export const mutateSafetensors: ByteMutation = (bytes, random) => {
  if (bytes.length < 8 || random.uniform() < 0.4) return mutateBytes(bytes, random);
  const length = Number(bytes.readBigUInt64LE(0));
  const header = mutateJson(bytes.subarray(8, 8 + length), random);
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([prefix, header, bytes.subarray(8 + length)]);
};
