/** @file The members of a zip archive on a disk that came from somewhere, listed and unpacked as streams. */

import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { crc32, createInflateRaw } from 'node:zlib';
import { unreadable } from '../../common/errors.js';
import { randomAccessTo } from '../randomAccess.js';
import { readZipDirectory, type ZipMember } from './zipDirectory.js';
import { ZipFault } from './zipFault.js';

const STORED = 0;
const DEFLATED = 8;

/**
 * The directory of an archive; names with backslashes are refused.
 *
 * @throws UsageError when there is no such file; LxmertError when it cannot be read; ZipFault
 */
export async function listZipFile(archive: string): Promise<ZipMember[]> {
  const handle = await open(archive, 'r').catch((error: unknown) => {
    throw unreadable(archive, error);
  });
  try {
    return await readZipDirectory(await randomAccessTo(handle), { strictNames: true });
  } finally {
    await handle.close();
  }
}

/** How a member is packed, as a fault of it, or undefined when {@link unpackZipMember} can unpack it. */
export function findPackingFault({ isEncrypted, method }: ZipMember): string | undefined {
  if (isEncrypted) return 'is encrypted';
  if (method === STORED || method === DEFLATED) return undefined;
  return `is compressed by method ${method}; stored and deflated members can be read`;
}

/**
 * The unpacked bytes of a member. Whoever reads to the end has their number and CRC-32 checked.
 *
 * @throws ZipFault when they are not what the directory states; errors of zlib and of the file system
 */
export async function* unpackZipMember(
  archive: string,
  member: ZipMember,
): AsyncGenerator<Buffer, void, void> {
  const fault = findPackingFault(member);
  if (fault !== undefined) throw new ZipFault('damaged', `it ${fault}`, member.name);
  const packed = packedBytes(archive, member);
  let numBytes = 0;
  let checksum = 0;
  try {
    for await (const chunk of member.method === STORED ? packed : inflated(packed)) {
      numBytes += (chunk as Buffer).length;
      if (numBytes > member.numBytes)
        throw misfit(member, `it holds more than the ${member.numBytes} bytes that the archive states`);
      checksum = crc32(chunk as Buffer, checksum);
      yield chunk as Buffer;
    }
  } finally {
    packed.destroy();
  }
  if (numBytes !== member.numBytes)
    throw misfit(member, `it ends after ${numBytes} of ${member.numBytes} bytes`);
  if (checksum !== member.crc32)
    throw new ZipFault('checksum', 'its CRC-32 checksum does not fit', member.name);
}

function packedBytes(archive: string, { dataStart, packedBytes }: ZipMember): Readable {
  if (packedBytes === 0) return Readable.from([]);
  const end = dataStart + packedBytes - 1;
  return createReadStream(archive, { start: dataStart, end, highWaterMark: 1 << 20 });
}

function inflated(packed: Readable): Readable {
  const inflate = createInflateRaw({ chunkSize: 1 << 18 });
  packed.on('error', (error) => inflate.destroy(error));
  return packed.pipe(inflate);
}

function misfit(member: ZipMember, problem: string): ZipFault {
  return new ZipFault('damaged', problem, member.name);
}
