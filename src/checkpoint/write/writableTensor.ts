/** @file A tensor as writers see it: what it is, and its bytes when they are wanted. */

import { noGrad, scope, type Tensor } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';
import type { CheckpointFile } from '../checkpointFile.js';
import { FileReader } from '../read/fileReader.js';
import { scaleName } from '../roundedWeights.js';
import { type ElementType, elementSize, isContiguous, type TensorEntry } from '../tensorEntry.js';

/** Bytes held at once while a file is copied into another. */
const CHUNK_BYTES = 4 * 2 ** 20;

export interface WritableTensor {
  readonly name: string;
  readonly dtype: ElementType;
  readonly shape: readonly number[];
  readonly numElements: number;
  /** Equal for tensors that are one and the same (tied weights). */
  readonly identity: object;
  /** The elements in row-major order, little-endian; each piece is used up before the next is asked for. */
  chunks(): Iterable<Uint8Array>;
}

/** A tensor in memory; its bytes are not copied when it is contiguous. */
export function writableFromTensor(name: string, tensor: Tensor): WritableTensor {
  return {
    name,
    dtype: tensor.dtype,
    shape: tensor.shape,
    numElements: tensor.numel,
    identity: tensor,
    chunks: () => [bytesOf(tensor)],
  };
}

/**
 * A tensor of an open checkpoint under another name, copied from file to file in pieces.
 *
 * @param identity the same object for every name of one view
 */
export function writableFromEntry(
  name: string,
  checkpoint: CheckpointFile,
  canonical: string,
  entry: TensorEntry,
  identity: object,
): WritableTensor {
  const { shape, numElements, scales } = entry;
  const isCopied = isContiguous(entry) && entry.storage.scattered === undefined && scales === undefined;
  const chunks = (): Iterable<Uint8Array> =>
    isCopied ? copyChunks(checkpoint, entry) : [scope(() => bytesOf(checkpoint.tensor(canonical)))];
  // Weights in 8 bits are written as the numbers they stand for.
  const dtype = scales === undefined ? entry.dtype : 'float32';
  return { name, dtype, shape, numElements, identity, chunks };
}

/** A matrix of an open checkpoint in 8 bits, and the scales of its rows. Each is computed when its bytes are wanted. */
export function roundedFromEntry(
  name: string,
  checkpoint: CheckpointFile,
  canonical: string,
  { shape, numElements }: TensorEntry,
): WritableTensor[] {
  const part = (index: 0 | 1) => () => [
    scope(() =>
      noGrad(() =>
        bytesOf(ops.roundWeight(ops.to(checkpoint.tensor(canonical), 'float32'))[index] as Tensor),
      ),
    ),
  ];
  const [numRows = 0] = shape;
  return [
    { name, dtype: 'int8', shape, numElements, identity: {}, chunks: part(0) },
    {
      name: scaleName(name),
      dtype: 'float32',
      shape: [numRows],
      numElements: numRows,
      identity: {},
      chunks: part(1),
    },
  ];
}

function* copyChunks(checkpoint: CheckpointFile, entry: TensorEntry): Iterable<Uint8Array> {
  checkpoint.requireIntact(entry);
  const { storage, storageOffset, numElements, dtype } = entry;
  using file = FileReader.open(storage.file);
  let position = storage.byteOffset + storageOffset * elementSize(dtype);
  const end = position + numElements * elementSize(dtype);
  while (position < end) {
    const length = Math.min(CHUNK_BYTES, end - position);
    yield file.read(position, length);
    position += length;
  }
}

/** The bytes, over the tensor's own memory where it is contiguous. They outlive the tensor. */
function bytesOf(tensor: Tensor): Uint8Array {
  return scope(() =>
    noGrad(() => {
      const view = ops.contiguous(ops.toDeviceOf(ops.detach(tensor), 'cpu')).data();
      return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    }),
  );
}
