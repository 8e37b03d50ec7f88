/** @file Members of a zip archive that lies in memory as a whole. */

import { crc32, inflateRawSync } from 'node:zlib';
import { messageOf } from '../../common/errors.js';
import { readZipDirectory, type ZipMember } from './zipDirectory.js';
import { ZipFault } from './zipFault.js';
import { findPackingFault } from './zipFile.js';

/** @throws ZipFault */
export async function listZipInMemory(archive: Buffer): Promise<ZipMember[]> {
  return await readZipDirectory({
    size: archive.length,
    read: (position, length) => archive.subarray(position, position + length),
  });
}

/**
 * The unpacked bytes of a member, a view of the archive where it is stored as it is.
 *
 * @param maxBytes the most that such a member has; a larger one is refused before anything is unpacked
 * @throws ZipFault when it is larger, or not what the directory states
 */
export function unpackInMemory(archive: Buffer, member: ZipMember, maxBytes: number): Buffer {
  const fail = (problem: string, options?: ErrorOptions): never => {
    throw new ZipFault('damaged', problem, member.name, options);
  };
  const fault = findPackingFault(member);
  if (fault !== undefined) fail(`it ${fault}`);
  const { dataStart, packedBytes, numBytes } = member;
  if (numBytes > maxBytes) fail(`it unpacks to ${numBytes} bytes, and at most ${maxBytes} are read`);
  const packed = archive.subarray(dataStart, dataStart + packedBytes);
  const unpacked = member.method === 0 ? packed : inflated(packed, numBytes, fail);
  if (unpacked.length !== numBytes) fail(`it has ${unpacked.length} bytes instead of ${numBytes}`);
  if (crc32(unpacked) !== member.crc32)
    throw new ZipFault('checksum', 'its CRC-32 checksum does not fit', member.name);
  return unpacked;
}

function inflated(
  packed: Buffer,
  numBytes: number,
  fail: (problem: string, options: ErrorOptions) => never,
): Buffer {
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(numBytes, 1) });
  } catch (error) {
    return fail(`it cannot be unpacked to ${numBytes} bytes (${messageOf(error)})`, { cause: error });
  }
}
