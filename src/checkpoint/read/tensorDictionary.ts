/** @file A dictionary of many tensors that torch.save wrote, as features of pictures are kept; read one by one, without tensors in memory. */

import { crc32 } from 'node:zlib';
import type { NumberArray } from '../../formats/numberArray.js';
import { CheckpointError } from '../checkpointError.js';
import { manyTensorsLimits } from '../pickle/stack.js';
import type { TensorDescription } from '../pickle/torchGlobals.js';
import { PickleDict } from '../pickle/values.js';
import { elementSize, isContiguous, type TensorEntry } from '../tensorEntry.js';
import { FileReader } from './fileReader.js';
import { isLegacy, openLegacy } from './legacy.js';
import { resolveEntries, type SavedObject } from './parsed.js';
import { isTorchTensor } from './stateDict.js';
import { openZip } from './zip.js';

/** More pictures than any data set of this field has. */
const MAX_MEMBERS = 1_000_000;

/** Tensors by name, in the order of the dictionary. */
export interface TensorDictionary extends Disposable {
  readonly numBytes: number;
  readonly entries: readonly Pick<TensorEntry, 'name' | 'shape'>[];
  /** @throws CheckpointError when the values are not as they were written */
  read(index: number): NumberArray;
}

/** Whether a file is one of torch.save's older layout. */
export function isLegacyFile(file: string): boolean {
  using reader = FileReader.open(file);
  return isLegacy(reader.head(1024));
}

/**
 * Opens a file of either layout of torch.save.
 *
 * @returns undefined when it holds no dictionary of tensors alone
 * @throws CheckpointError when it is damaged
 */
export async function openTensorDictionary(file: string): Promise<TensorDictionary | undefined> {
  const reader = FileReader.open(file);
  try {
    const limits = { maxMembers: MAX_MEMBERS, pickle: manyTensorsLimits };
    const isOlder = isLegacy(reader.head(1024));
    const saved = isOlder ? openLegacy(reader, limits) : await openZip(reader, limits);
    const tensors = tensorsOf(saved);
    if (tensors === undefined) {
      reader[Symbol.dispose]();
      return undefined;
    }
    const entries = resolveEntries(file, { tensors }, (storage) => saved.regionOf(storage));
    return {
      numBytes: reader.size,
      entries,
      read: (index) => readEntry(reader, entries[index] as TensorEntry),
      [Symbol.dispose]: () => reader[Symbol.dispose](),
    };
  } catch (error) {
    reader[Symbol.dispose]();
    throw error;
  }
}

function tensorsOf({ root }: SavedObject): (readonly [string, TensorDescription])[] | undefined {
  if (!(root instanceof PickleDict) || root.entries.size === 0) return undefined;
  const tensors: (readonly [string, TensorDescription])[] = [];
  for (const [key, value] of root.entries) {
    if (!isTorchTensor(value) || !(typeof key === 'string' || typeof key === 'number')) return undefined;
    tensors.push([String(key), value]);
  }
  return tensors;
}

function readEntry(reader: FileReader, entry: TensorEntry): NumberArray {
  const { name, dtype, shape, storage, storageOffset, numElements } = entry;
  if (!isContiguous(entry))
    throw new CheckpointError(reader.path, `tensor ${name} does not lie in one piece.`);
  const width = elementSize(dtype);
  const bytes = reader.read(storage.byteOffset + storageOffset * width, numElements * width);
  const { checksum } = storage;
  if (checksum?.byteLength === bytes.length && crc32(bytes) !== checksum.crc32)
    throw new CheckpointError(reader.path, `the checksum of tensor ${name} is wrong: the file is damaged.`);
  return { type: dtype, shape, bytes };
}
