/** @file What every format's reader hands over, and how pickled tensors become checked entries. */

import { CheckpointError } from '../checkpointError.js';
import type { ModelChoice } from '../names/chooseModel.js';
import { PickleError } from '../pickle/error.js';
import type { PickleLimits } from '../pickle/stack.js';
import type { StorageReference, TensorDescription } from '../pickle/torchGlobals.js';
import type { PickleValue } from '../pickle/values.js';
import {
  countElements,
  elementSize,
  type StorageRegion,
  type TensorEntry,
  viewFault,
} from '../tensorEntry.js';
import type { StateDict } from './stateDict.js';

/** The layouts that are read: torch's older and current ones, safetensors, pickled NumPy arrays, and Caffe's. */
export type CheckpointFormat = 'pth-legacy' | 'pth-zip' | 'safetensors' | 'numpy-pickle' | 'caffemodel';

/** A layer of a .caffemodel; its blobs are the tensors `NAME/0`, `NAME/1`, ... */
export interface CaffeLayer {
  readonly name: string;
  readonly type: string;
  readonly numBlobs: number;
}

/** The description of a file's tensors, before any value is read. */
export interface ParsedCheckpoint {
  readonly format: CheckpointFormat;
  readonly entries: readonly TensorEntry[];
  /** safetensors' text notes; the network's name from .caffemodel; empty for the others. */
  readonly metadata: ReadonlyMap<string, string>;
  /** The keys that led to the state dict, such as ['state_dict']; empty when it is the file's top. */
  readonly wrapper: readonly string[];
  /** Names at the state dict's level that are not tensors. */
  readonly ignored: readonly string[];
  /** Which of the file's models the tensors are; absent for layouts of one dictionary, whose names tell. */
  readonly model?: ModelChoice;
  /** All layers of a .caffemodel, in its order; absent for the others. */
  readonly layers?: readonly CaffeLayer[];
}

/** What torch.save was given, and where the bytes of its storages lie. */
export interface SavedObject {
  readonly root: PickleValue;
  /** @throws CheckpointError for a storage that is not in the file */
  regionOf(storage: StorageReference): ByteRegion;
}

/** What a file may hold, where weights are not what it is read for. */
export interface SavedLimits {
  readonly maxMembers?: number;
  readonly pickle?: PickleLimits;
}

/** Runs a pickle reader and words its failure as a sentence about the file. */
export function withPickleErrors<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof PickleError)) throw error;
    throw new CheckpointError(
      path,
      `the pickled part of this file is not plain weights: ${error.message}. Expected what torch.save(model.state_dict(), ...) writes; re-save it that way, or download it again if it is damaged.`,
      { cause: error },
    );
  }
}

/** Where the bytes of a storage begin, how many there are, and their CRC-32 where the file states it. */
export interface ByteRegion {
  readonly byteOffset: number;
  readonly byteLength: number;
  readonly crc32?: number;
}

/**
 * Turns described tensors into entries, sharing one region object per storage and element type.
 *
 * @throws CheckpointError for a view outside its storage or a storage that is not in the file.
 */
export function resolveEntries(
  path: string,
  stateDict: Pick<StateDict, 'tensors'>,
  regionOf: (storage: StorageReference) => ByteRegion,
): TensorEntry[] {
  const regions = new Map<string, StorageRegion>();
  return stateDict.tensors.map(([name, tensor]) => {
    const key = `${tensor.dtype} ${tensor.storage.key}`;
    const region = regions.get(key) ?? makeRegion(path, name, tensor, regionOf(tensor.storage));
    regions.set(key, region);
    return makeEntry(path, name, tensor, region);
  });
}

function makeRegion(path: string, name: string, tensor: TensorDescription, bytes: ByteRegion): StorageRegion {
  const size = elementSize(tensor.dtype);
  const { storage } = tensor;
  if (storage.dtype !== undefined && storage.dtype !== tensor.dtype) {
    throw new CheckpointError(path, `tensor ${name} is ${tensor.dtype} in a ${storage.dtype} storage.`);
  }
  const declared = storage.numElements * (storage.dtype === undefined ? 1 : size);
  if (declared > bytes.byteLength) {
    throw new CheckpointError(
      path,
      `tensor ${name} needs ${declared} bytes of storage ${storage.key}, which has ${bytes.byteLength}. The file is damaged; download or copy it again.`,
    );
  }
  const numElements = Math.floor(declared / size);
  const { byteOffset, byteLength, crc32 } = bytes;
  const region = { file: path, byteOffset, numElements, dtype: tensor.dtype };
  return crc32 === undefined ? region : { ...region, checksum: { byteOffset, byteLength, crc32 } };
}

function makeEntry(
  path: string,
  name: string,
  tensor: TensorDescription,
  region: StorageRegion,
): TensorEntry {
  const { shape, strides } = tensor;
  const numElements = countElements(shape);
  // Where no element lies, torch takes any offset, also behind the storage's end.
  const storageOffset = numElements === 0 ? 0 : tensor.storage.viewOffset + tensor.storageOffset;
  // The oldest files show a tensor only a part of the storage.
  const isPartial = tensor.storage.viewLength !== tensor.storage.numElements;
  const visible = isPartial ? tensor.storage.viewOffset + tensor.storage.viewLength : region.numElements;
  const fault = viewFault({ shape, strides, storageOffset }, Math.min(visible, region.numElements));
  if (fault !== undefined) throw new CheckpointError(path, `tensor ${name} ${fault}. The file is damaged.`);
  return {
    name,
    dtype: tensor.dtype,
    shape,
    strides,
    storage: region,
    storageOffset,
    numElements,
  };
}
