/** @file A table in a gzip archive as a source of bytes: inflated on the way, never written to a disk. */

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { createGunzip } from 'node:zlib';
import { LxmertError, messageOf, UsageError } from '../../common/errors.js';
import { type ContentKind, contentKindOf } from '../contentKind.js';
import { type StreamSource, streamSource } from './streamSource.js';

/**
 * Opens what a gzip archive unpacks to, several members as one. A reading that starts further on inflates what comes before.
 *
 * @throws UsageError when it unpacks to something else than text; LxmertError, from a reading, for a damaged or cut archive
 */
export async function openGzip(archive: string): Promise<StreamSource> {
  const packedBytes = (await stat(archive)).size;
  const inner = await innerKind(archive);
  if (inner.kind !== 'text')
    throw new UsageError(
      `${archive} is a gzip archive of ${inner.name}; expected a TSV file in it. Unpack it first: gunzip --keep ${archive}`,
    );
  let share = 1;
  const chunks = () =>
    unpacked(archive, (numPacked, numUnpacked) => {
      share = numUnpacked / numPacked;
    });
  return streamSource(
    {
      name: archive,
      fileName: path.basename(archive).replace(/\.gz$/i, ''),
      // The unpacked size is written nowhere; the packed one tells archives apart as well.
      size: async () => packedBytes,
      estimateSize: () => packedBytes * share,
    },
    chunks,
  );
}

async function innerKind(archive: string): Promise<ContentKind> {
  const chunks = unpacked(archive);
  try {
    const { value } = await chunks.next();
    return contentKindOf((value ?? Buffer.alloc(0)).subarray(0, 1024));
  } finally {
    await chunks.return();
  }
}

async function* unpacked(
  archive: string,
  onChunk?: (numPacked: number, numUnpacked: number) => void,
): AsyncGenerator<Buffer, void, void> {
  const packed = createReadStream(archive, { highWaterMark: 1 << 20 });
  const gunzip = createGunzip({ chunkSize: 1 << 18 });
  packed.on('error', (error) => gunzip.destroy(error));
  let numUnpacked = 0;
  try {
    for await (const chunk of packed.pipe(gunzip)) {
      numUnpacked += (chunk as Buffer).length;
      onChunk?.(packed.bytesRead, numUnpacked);
      yield chunk as Buffer;
    }
  } catch (error) {
    throw new LxmertError(
      `${archive} is damaged or cut short: ${messageOf(error)}. Fetch or copy the archive again, and begin the store anew.`,
      { cause: error },
    );
  } finally {
    packed.destroy();
    gunzip.destroy();
  }
}
