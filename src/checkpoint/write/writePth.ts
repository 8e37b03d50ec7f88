/** @file Writing torch's zip layout, which PyTorch opens also with `weights_only=True`. */

import { ZipFile } from 'yazl';
import { withAtomicFile } from '../../common/atomicFile.js';
import { scope, type Tensor } from '../../torch/index.js';
import { type PickledTensor, pickleStateDict } from './pickleWriter.js';
import { bytesOf } from './tensorBytes.js';

/** Members lie in a folder of any one name; torch reads whatever it is. */
const FOLDER = 'archive';
/** Members carry a fixed date, so that equal weights make equal files. */
const DATE = new Date(2000, 0, 1);

/**
 * Writes a state dict, atomically. The same tensor under two names (tied weights) is stored once. Tensors are read
 * from their own memory: nothing is copied that is contiguous.
 */
export async function writePth(file: string, tensors: ReadonlyMap<string, Tensor>): Promise<void> {
  const zip = new ZipFile();
  const stored = { compress: false, mtime: DATE };
  const keys = new Map<Tensor, string>();
  const described: PickledTensor[] = [];
  for (const [name, tensor] of tensors) {
    const storageKey = keys.get(tensor) ?? String(keys.size);
    keys.set(tensor, storageKey);
    described.push({ name, dtype: tensor.dtype, shape: tensor.shape, storageKey, numElements: tensor.numel });
  }
  zip.addBuffer(pickleStateDict(described), `${FOLDER}/data.pkl`, stored);
  zip.addBuffer(Buffer.from('little'), `${FOLDER}/byteorder`, stored);
  for (const [tensor, key] of keys) {
    const bytes = scope(() => bytesOf(tensor));
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    zip.addBuffer(buffer, `${FOLDER}/data/${key}`, stored);
  }
  zip.addBuffer(Buffer.from('3\n'), `${FOLDER}/version`, stored);
  zip.end();
  await withAtomicFile(file, async ({ handle }) => {
    for await (const part of zip.outputStream) await handle.writeFile(part as Buffer);
  });
}
