/** @file Writing safetensors. */

import { withAtomicFile } from '../../common/atomicFile.js';
import { scope, type Tensor } from '../../torch/index.js';
import { safetensorsTypes } from '../read/safetensors.js';
import { bytesOf } from './tensorBytes.js';

/** Readers map tensors best when data begins at a multiple of this. */
const ALIGNMENT = 64;

/**
 * Writes tensors under their names, atomically. A tensor that stands under two names is stored twice: the format
 * has no sharing.
 */
export async function writeSafetensors(
  file: string,
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const header: Record<string, unknown> = {};
  if (Object.keys(metadata).length > 0) header.__metadata__ = metadata;
  let offset = 0;
  for (const [name, tensor] of tensors) {
    const numBytes = scope(() => bytesOf(tensor).byteLength);
    header[name] = {
      dtype: safetensorsTypes[tensor.dtype],
      shape: tensor.shape,
      data_offsets: [offset, offset + numBytes],
    };
    offset += numBytes;
  }
  const json = Buffer.from(JSON.stringify(header), 'utf8');
  const padding = (ALIGNMENT - ((8 + json.length) % ALIGNMENT)) % ALIGNMENT;
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length + padding));
  await withAtomicFile(file, async ({ handle }) => {
    await handle.writeFile(Buffer.concat([length, json, Buffer.alloc(padding, ' ')]));
    for (const tensor of tensors.values()) await handle.writeFile(scope(() => bytesOf(tensor)));
  });
}
