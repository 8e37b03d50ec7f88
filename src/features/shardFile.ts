/** @file Opening a feature shard: its header alone is read and checked, never its values. */

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { LxmertError, messageOf, unreadable } from '../common/errors.js';
import { readContentKind } from '../formats/contentKind.js';
import {
  LENGTH_BYTES,
  parseHeader,
  parseHeaderLength,
  SAFETENSORS_ITEM_BYTES,
  type SafetensorsHeader,
} from '../formats/safetensorsHeader.js';
import { describeForeignFile } from './foreignFiles.js';
import { findIdProblem } from './row.js';
import {
  decodeMetadata,
  isShardMetadata,
  MAX_BOXES,
  MAX_FEATURE_SIZE,
  MAX_SHARD_IMAGES,
  SHARD_FORMAT,
  type ShardLayout,
  type ShardMetadata,
  type ShardTensorName,
  shardTensors,
} from './shardFormat.js';

/** Where a tensor's values lie in the shard's file. */
export interface ShardTensor {
  readonly byteOffset: number;
  readonly numBytes: number;
  readonly numElements: number;
}

/** An opened shard: everything its header says. No file handle is kept. */
export interface Shard {
  readonly path: string;
  readonly fileBytes: number;
  /** Where the header ends and tensor data starts. */
  readonly dataStart: number;
  readonly layout: ShardLayout;
  readonly numImages: number;
  readonly metadata: ShardMetadata;
  readonly tensors: Readonly<Record<ShardTensorName, ShardTensor>>;
}

/** @throws LxmertError naming the file for anything that is not a whole, consistent shard. */
export function openShard(path: string): Shard {
  const { json, fileBytes } = readHeaderBytes(path);
  return wrapProblems(path, () => {
    const header = parseHeader(json, fileBytes);
    if (!isShardMetadata(header.metadata))
      throw new LxmertError(
        `${path} is a safetensors file of another kind: its header does not call it ${SHARD_FORMAT}. ` +
          'For weights: lxmert checkpoint info. Features need the metadata that docs/reference/features.md lists.',
      );
    const metadata = decodeMetadata(header.metadata);
    const numImages = metadata.imageIds.length;
    const layout = readLayout(header);
    checkTensors(header, layout, numImages);
    checkIds(metadata.imageIds);
    return {
      path,
      fileBytes,
      dataStart: header.dataStart,
      layout,
      numImages,
      metadata,
      tensors: locateTensors(header),
    };
  });
}

function readHeaderBytes(path: string): { json: Buffer; fileBytes: number } {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (error) {
    throw unreadable(path, error);
  }
  try {
    const fileBytes = fstatSync(descriptor).size;
    return wrapProblems(path, () => {
      const first = readAt(descriptor, 0, LENGTH_BYTES);
      return { json: readAt(descriptor, LENGTH_BYTES, parseHeaderLength(first, fileBytes)), fileBytes };
    });
  } finally {
    closeSync(descriptor);
  }
}

/** Reads up to `length` bytes; fewer only at the end of the file. */
function readAt(descriptor: number, position: number, length: number): Buffer {
  const buffer = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const numRead = readSync(descriptor, buffer, filled, length - filled, position + filled);
    if (numRead === 0) break;
    filled += numRead;
  }
  return buffer.subarray(0, filled);
}

function wrapProblems<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof LxmertError) throw error;
    throw new LxmertError(sentenceAbout(path, messageOf(error)), { cause: error });
  }
}

function sentenceAbout(path: string, problem: string): string {
  const { kind } = readContentKind(path);
  if (kind !== 'safetensors' && kind !== 'binary') return describeForeignFile(path);
  return (
    `${path} is not a whole feature shard: ${problem}. Copy it again from where it came from; ` +
    'or move it elsewhere and repeat the conversion that made it, which goes on from the shards before it.'
  );
}

function readLayout(header: SafetensorsHeader): ShardLayout {
  const features = header.tensors.get('features');
  const [, numBoxes = 0, featureSize = 0] = features?.shape ?? [];
  if (
    features === undefined ||
    features.shape.length !== 3 ||
    (features.dtype !== 'F16' && features.dtype !== 'F32')
  )
    throw new Error('it has no tensor features of type F16 or F32 and shape [images, boxes, size]');
  if (numBoxes < 1 || numBoxes > MAX_BOXES || featureSize < 1 || featureSize > MAX_FEATURE_SIZE)
    throw new Error(`its features have the impossible shape [${features.shape.join(', ')}]`);
  return { numBoxes, featureSize, dtype: features.dtype === 'F16' ? 'float16' : 'float32' };
}

function checkTensors(header: SafetensorsHeader, layout: ShardLayout, numImages: number): void {
  if (numImages < 1 || numImages > MAX_SHARD_IMAGES)
    throw new Error(`it lists ${numImages} images; a shard has 1 to ${MAX_SHARD_IMAGES}`);
  for (const [name, dtype, shape] of shardTensors(layout, numImages)) {
    const found = header.tensors.get(name);
    if (found === undefined) throw new Error(`it has no tensor ${name}`);
    if (found.dtype !== dtype || found.shape.join() !== shape.join())
      throw new Error(
        `its tensor ${name} should have type ${dtype} and shape [${shape.join(', ')}] for the ${numImages} images it lists; ` +
          `it has ${found.dtype} and [${found.shape.join(', ')}]`,
      );
  }
}

function checkIds(imageIds: readonly string[]): void {
  for (const id of imageIds) {
    const problem = findIdProblem(id);
    if (problem !== undefined) throw new Error(`its list of images is wrong: ${problem}`);
  }
}

function locateTensors(header: SafetensorsHeader): Record<ShardTensorName, ShardTensor> {
  const located: Partial<Record<string, ShardTensor>> = {};
  for (const [name, place] of header.tensors) {
    const numBytes = place.end - place.begin;
    located[name] = {
      byteOffset: header.dataStart + place.begin,
      numBytes,
      numElements: numBytes / SAFETENSORS_ITEM_BYTES[place.dtype],
    };
  }
  // checkTensors has seen every name.
  return located as Record<ShardTensorName, ShardTensor>;
}
