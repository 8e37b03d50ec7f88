/** @file Writing safetensors. */

import { withAtomicFile } from '../../common/atomicFile.js';
import { headerJson, LENGTH_BYTES, padHeader } from '../../formats/safetensorsHeader.js';
import { safetensorsTypes } from '../read/safetensors.js';
import { elementSize } from '../tensorEntry.js';
import type { WritableTensor } from './writableTensor.js';

/** Readers map tensors best when data begins at a multiple of this. */
const ALIGNMENT = 64;

/**
 * Writes tensors under their names, atomically, with the memory of one piece of a tensor. A tensor that stands under
 * two names is stored twice: the format has no sharing.
 */
export async function writeSafetensors(
  file: string,
  tensors: readonly WritableTensor[],
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  // Wide elements first: without gaps between tensors, that keeps each of them aligned to its own size.
  const ordered = [...tensors].sort((a, b) => elementSize(b.dtype) - elementSize(a.dtype));
  await withAtomicFile(file, async ({ handle }) => {
    await handle.writeFile(headerOf(ordered, metadata));
    for (const tensor of ordered) {
      for (const chunk of tensor.chunks()) await handle.writeFile(chunk);
    }
  });
}

function headerOf(tensors: readonly WritableTensor[], metadata: Readonly<Record<string, string>>): Buffer {
  const json = headerJson(
    tensors.map(({ name, dtype, shape }) => [name, safetensorsTypes[dtype], shape] as const),
    metadata,
  );
  return padHeader(json, Math.ceil((LENGTH_BYTES + json.length) / ALIGNMENT) * ALIGNMENT);
}
