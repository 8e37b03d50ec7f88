/** @file Writing torch's zip layout, which PyTorch opens also with `weights_only=True`. */

import { withAtomicFile } from '../../common/atomicFile.js';
import { elementSize } from '../tensorEntry.js';
import { type PickledTensor, pickleStateDict } from './pickleWriter.js';
import { StoredZip } from './storedZip.js';
import type { WritableTensor } from './writableTensor.js';

/** Members lie in a folder of any one name; torch reads whatever it is. */
const FOLDER = 'archive';

/**
 * Writes a state dict, atomically, with the memory of one piece of a tensor. Tied weights are stored once and stay
 * tied when PyTorch loads them.
 */
export async function writePth(file: string, tensors: readonly WritableTensor[]): Promise<void> {
  const storages = new Map<object, { key: string; tensor: WritableTensor }>();
  const described: PickledTensor[] = tensors.map((tensor) => {
    const storage = storages.get(tensor.identity) ?? { key: String(storages.size), tensor };
    storages.set(tensor.identity, storage);
    return { ...tensor, storageKey: storage.key };
  });
  await withAtomicFile(file, async (target) => {
    const zip = new StoredZip(target);
    const addWhole = (name: string, bytes: Buffer): Promise<void> =>
      zip.add(`${FOLDER}/${name}`, bytes.length, [bytes]);
    await addWhole('data.pkl', pickleStateDict(described));
    await addWhole('byteorder', Buffer.from('little'));
    for (const { key, tensor } of storages.values()) {
      const numBytes = tensor.numElements * elementSize(tensor.dtype);
      await zip.add(`${FOLDER}/data/${key}`, numBytes, tensor.chunks());
    }
    await addWhole('version', Buffer.from('3\n'));
    await zip.finish();
  });
}
