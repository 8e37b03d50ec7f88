/** @file Reading a shard's rows back into JavaScript, for conversion and verification (not for training). */

import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import { LxmertError } from '../common/errors.js';
import { float16ToFloat32 } from '../formats/float16.js';
import { findValueProblem, rangeOf } from './featureValues.js';
import { type FeatureRow, findRowProblem } from './row.js';
import type { Shard } from './shardFile.js';
import type { ShardTensorName } from './shardFormat.js';

/** The stored arrays of consecutive images, padding included. */
export interface ShardBlock {
  readonly firstImage: number;
  readonly numImages: number;
  /** (numImages, numBoxes, featureSize); float16 bits in a Uint16Array. */
  readonly features: Uint16Array | Float32Array;
  /** (numImages, numBoxes) each. */
  readonly objectsId: BigInt64Array;
  readonly attrsId: BigInt64Array;
  readonly objectsConf: Float32Array;
  readonly attrsConf: Float32Array;
  /** (numImages). */
  readonly numBoxes: BigInt64Array;
  /** (numImages, 2): height, width. */
  readonly sizes: BigInt64Array;
  /** (numImages, numBoxes, 4). */
  readonly boxes: Float32Array;
}

/** Bytes of features that a block holds at most (and one image at least). */
const BLOCK_BYTES = 1 << 23;

/** Yields the whole shard block by block, in order. Memory is one block. */
export async function* readBlocks(shard: Shard): AsyncGenerator<ShardBlock, void, undefined> {
  const step = Math.max(1, Math.floor(BLOCK_BYTES / (shard.tensors.features.numBytes / shard.numImages)));
  const handle = await open(shard.path, 'r');
  try {
    for (let first = 0; first < shard.numImages; first += step)
      yield await readBlock(shard, handle, first, Math.min(step, shard.numImages - first));
  } finally {
    await handle.close();
  }
}

/**
 * Reads one image of a shard, features as float32.
 *
 * @throws LxmertError when the stored number of boxes is impossible or the file was changed
 */
export async function readShardRow(shard: Shard, image: number): Promise<FeatureRow> {
  const handle = await open(shard.path, 'r');
  try {
    return rowOfBlock(shard, await readBlock(shard, handle, image, 1), 0);
  } finally {
    await handle.close();
  }
}

/**
 * Reads one image of a shard and checks it.
 *
 * @throws LxmertError as {@link readShardRow}, and when the row breaks a rule
 */
export async function readSoundRow(shard: Shard, image: number): Promise<FeatureRow> {
  const row = await readShardRow(shard, image);
  const problem = findRowProblem(row) ?? findValueProblem(row.features, rangeOf(shard.metadata.provenance));
  if (problem === undefined) return row;
  throw new LxmertError(
    `${shard.path}, image ${row.imageId}: ${problem} Run: lxmert features verify ${path.dirname(shard.path)}`,
  );
}

async function readBlock(
  shard: Shard,
  handle: FileHandle,
  first: number,
  count: number,
): Promise<ShardBlock> {
  const slice = async (name: ShardTensorName): Promise<ArrayBuffer> => {
    const tensor = shard.tensors[name];
    const imageBytes = tensor.numBytes / shard.numImages;
    return await readExactly(handle, shard.path, tensor.byteOffset + first * imageBytes, count * imageBytes);
  };
  const features = await slice('features');
  return {
    firstImage: first,
    numImages: count,
    features: shard.layout.dtype === 'float16' ? new Uint16Array(features) : new Float32Array(features),
    objectsId: new BigInt64Array(await slice('objects_id')),
    attrsId: new BigInt64Array(await slice('attrs_id')),
    objectsConf: new Float32Array(await slice('objects_conf')),
    attrsConf: new Float32Array(await slice('attrs_conf')),
    numBoxes: new BigInt64Array(await slice('num_boxes')),
    sizes: new BigInt64Array(await slice('sizes')),
    boxes: new Float32Array(await slice('boxes')),
  };
}

async function readExactly(
  handle: FileHandle,
  file: string,
  position: number,
  length: number,
): Promise<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await handle.read(bytes, done, length - done, position + done);
    if (bytesRead === 0) throw new LxmertError(`${file} ends early; it was changed while it was read.`);
    done += bytesRead;
  }
  return bytes.buffer;
}

/**
 * One image of a block as a row, without padding, features as float32.
 *
 * @param i counted from the block's first image.
 * @throws LxmertError when the stored number of boxes is impossible.
 */
export function rowOfBlock(shard: Shard, block: ShardBlock, i: number): FeatureRow {
  const { numBoxes: room, featureSize } = shard.layout;
  const imageId = shard.metadata.imageIds[block.firstImage + i] ?? '';
  const n = Number(block.numBoxes[i]);
  if (!(n >= 1 && n <= room))
    throw new LxmertError(`${shard.path}, image ${imageId}: num_boxes is ${n}; expected 1 to ${room}.`);
  const perBox = <T extends { slice(from: number, to: number): T }>(array: T, values: number): T =>
    array.slice(i * room * values, (i * room + n) * values);
  const stored = block.features.subarray(i * room * featureSize, (i * room + n) * featureSize);
  const features = new Float32Array(n * featureSize);
  if (stored instanceof Uint16Array) float16ToFloat32(stored, features);
  else features.set(stored);
  return {
    imageId,
    height: Number(block.sizes[i * 2]),
    width: Number(block.sizes[i * 2 + 1]),
    numBoxes: n,
    objectsId: perBox(block.objectsId, 1),
    objectsConf: perBox(block.objectsConf, 1),
    attrsId: perBox(block.attrsId, 1),
    attrsConf: perBox(block.attrsConf, 1),
    boxes: perBox(block.boxes, 4),
    features,
  };
}

/** Yields all rows of some shards in order, features as float32. */
export async function* readShardRows(shards: readonly Shard[]): AsyncGenerator<FeatureRow, void, undefined> {
  for (const shard of shards) {
    for await (const block of readBlocks(shard)) {
      for (let i = 0; i < block.numImages; i++) yield rowOfBlock(shard, block, i);
    }
  }
}
