/** @file Writing safetensors. */

import { crc32 } from 'node:zlib';
import { withAtomicFile } from '../../common/atomicFile.js';
import { headerJson, LENGTH_BYTES, padHeader } from '../../formats/safetensorsHeader.js';
import { CHECKSUMS_KEY, safetensorsTypes } from '../read/safetensors.js';
import { checksumText } from '../read/storedChecksum.js';
import { elementSize } from '../tensorEntry.js';
import type { WritableTensor } from './writableTensor.js';

/** Readers map tensors best when data begins at a multiple of this. */
const ALIGNMENT = 64;

/**
 * Writes tensors under their names, atomically, with the memory of one piece of a tensor, and notes their checksums, for
 * which the format itself has no place. A tensor that stands under two names is stored twice: the format has no sharing.
 */
export async function writeSafetensors(
  file: string,
  tensors: readonly WritableTensor[],
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  // Wide elements first: without gaps between tensors, that keeps each of them aligned to its own size.
  const ordered = [...tensors].sort((a, b) => elementSize(b.dtype) - elementSize(a.dtype));
  await withAtomicFile(file, async ({ handle }) => {
    const headerWith = (checksums: readonly number[]): Buffer =>
      headerOf(
        ordered,
        checksums.length === 0
          ? metadata
          : { ...metadata, [CHECKSUMS_KEY]: checksums.map(checksumText).join(' ') },
      );
    // As long as the one that replaces it when the checksums are known.
    await handle.writeFile(headerWith(ordered.map(() => 0)));
    const checksums: number[] = [];
    for (const tensor of ordered) {
      let checksum = 0;
      for (const chunk of tensor.chunks()) {
        checksum = crc32(chunk, checksum);
        await handle.writeFile(chunk);
      }
      checksums.push(checksum);
    }
    const header = headerWith(checksums);
    await handle.write(header, 0, header.length, 0);
  });
}

function headerOf(tensors: readonly WritableTensor[], metadata: Readonly<Record<string, string>>): Buffer {
  const json = headerJson(
    tensors.map(({ name, dtype, shape }) => [name, safetensorsTypes[dtype], shape] as const),
    metadata,
  );
  return padHeader(json, Math.ceil((LENGTH_BYTES + json.length) / ALIGNMENT) * ALIGNMENT);
}
