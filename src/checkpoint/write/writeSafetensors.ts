/** @file Writing safetensors. */

import { withAtomicFile } from '../../common/atomicFile.js';
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
    await handle.writeFile(formatHeader(ordered, metadata));
    for (const tensor of ordered) {
      for (const chunk of tensor.chunks()) await handle.writeFile(chunk);
    }
  });
}

function formatHeader(
  tensors: readonly WritableTensor[],
  metadata: Readonly<Record<string, string>>,
): Buffer {
  // Entries, not assignment: a tensor may have any name, `__proto__` too.
  const entries: Array<[string, unknown]> = [];
  if (Object.keys(metadata).length > 0) entries.push(['__metadata__', metadata]);
  let begin = 0;
  for (const { name, dtype, shape, numElements } of tensors) {
    const end = begin + numElements * elementSize(dtype);
    entries.push([name, { dtype: safetensorsTypes[dtype], shape, data_offsets: [begin, end] }]);
    begin = end;
  }
  const json = Buffer.from(JSON.stringify(Object.fromEntries(entries)), 'utf8');
  const length = Math.ceil((8 + json.length) / ALIGNMENT) * ALIGNMENT;
  const header = Buffer.alloc(length, ' ');
  header.writeBigUInt64LE(BigInt(length - 8));
  json.copy(header, 8);
  return header;
}
