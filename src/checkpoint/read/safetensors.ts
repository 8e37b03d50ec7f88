/** @file safetensors: an 8-byte header length, a JSON header of names, types, shapes and offsets, then the values. */

import { messageOf } from '../../common/errors.js';
import { CheckpointError } from '../checkpointError.js';
import {
  contiguousStrides,
  countElements,
  type ElementType,
  elementSize,
  type TensorEntry,
} from '../tensorEntry.js';
import { findDuplicateKey } from './duplicateKeys.js';
import { type FileReader, truncated } from './fileReader.js';
import type { ParsedCheckpoint } from './parsed.js';

/** safetensors' names of the element types. */
export const safetensorsTypes: Readonly<Record<ElementType, string>> = {
  float64: 'F64',
  float32: 'F32',
  float16: 'F16',
  bfloat16: 'BF16',
  int64: 'I64',
  int32: 'I32',
  int16: 'I16',
  int8: 'I8',
  uint8: 'U8',
  bool: 'BOOL',
};

const elementTypes = new Map(
  Object.entries(safetensorsTypes).map(([dtype, code]) => [code, dtype as ElementType]),
);

/** The format's own limit on its header. */
const maxHeaderLength = 100_000_000;

/** Describes the tensors of a safetensors file. @throws CheckpointError when the header breaks the format. */
export function readSafetensors(file: FileReader): ParsedCheckpoint {
  const headerLength = Number(file.read(0, 8).readBigUInt64LE());
  if (headerLength > maxHeaderLength) {
    throw new CheckpointError(
      file.path,
      `its header claims ${headerLength} bytes; ${maxHeaderLength} is the limit.`,
    );
  }
  const header = parseHeader(file, file.read(8, headerLength).toString('utf8'));
  const dataStart = 8 + headerLength;
  const metadata = readMetadata(file.path, header.get('__metadata__'));
  header.delete('__metadata__');
  const entries = [...header].map(([name, value]) => readEntry(file, dataStart, name, value));
  requireDense(file, dataStart, entries);
  const all = [...entries, ...sharedNames(entries, metadata)];
  return { format: 'safetensors', entries: all, metadata, wrapper: [], ignored: [] };
}

function parseHeader(file: FileReader, text: string): Map<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new CheckpointError(file.path, `its safetensors header is not JSON (${messageOf(error)}).`);
  }
  if (!isObject(value)) throw new CheckpointError(file.path, 'its safetensors header is not a JSON object.');
  const duplicate = findDuplicateKey(text);
  if (duplicate !== undefined) {
    throw new CheckpointError(file.path, `its safetensors header names ${JSON.stringify(duplicate)} twice.`);
  }
  return new Map(Object.entries(value));
}

function readMetadata(path: string, value: unknown): Map<string, string> {
  if (value === undefined) return new Map();
  if (!isObject(value)) throw new CheckpointError(path, 'its __metadata__ is not a JSON object.');
  return new Map(
    Object.entries(value).map(([key, text]) => {
      if (typeof text === 'string') return [key, text];
      throw new CheckpointError(path, `its __metadata__ entry ${key} is not a text.`);
    }),
  );
}

function readEntry(file: FileReader, dataStart: number, name: string, value: unknown): TensorEntry {
  const fail = (sentence: string): never => {
    throw new CheckpointError(file.path, `tensor ${name} ${sentence}.`);
  };
  if (!isObject(value)) return fail('is not described by a JSON object');
  const dtype = elementTypes.get(String(value.dtype));
  if (dtype === undefined) {
    const known = [...elementTypes.keys()].join(', ');
    return fail(`has element type ${JSON.stringify(value.dtype)}; ${known} can be read`);
  }
  const shape = value.shape;
  if (!isSizes(shape) || shape.length > 64) return fail(`has no valid shape (${JSON.stringify(shape)})`);
  const numElements = countElements(shape);
  if (!Number.isSafeInteger(numElements * elementSize(dtype))) {
    return fail(`has an impossible shape [${shape.join(', ')}]`);
  }
  const offsets = value.data_offsets;
  if (!isSizes(offsets) || offsets.length !== 2)
    return fail(`has no valid data_offsets (${JSON.stringify(offsets)})`);
  const [begin, end] = offsets as [number, number];
  if (end - begin !== numElements * elementSize(dtype)) {
    return fail(
      `of type ${dtype} and shape [${shape.join(', ')}] needs ${numElements * elementSize(dtype)} bytes and has ${end - begin}`,
    );
  }
  if (dataStart + end > file.size) throw truncated(file.path, dataStart + end, file.size);
  const storage = { file: file.path, byteOffset: dataStart + begin, numElements, dtype };
  return { name, dtype, shape, strides: contiguousStrides(shape), storage, storageOffset: 0, numElements };
}

/** The format allows neither overlaps nor bytes that belong to no tensor. */
function requireDense(file: FileReader, dataStart: number, entries: readonly TensorEntry[]): void {
  let end = dataStart;
  for (const entry of [...entries].sort(byPosition)) {
    const { byteOffset, numElements, dtype } = entry.storage;
    if (byteOffset !== end) {
      const fault = byteOffset < end ? 'overlaps the one before' : 'leaves a gap after the one before';
      throw new CheckpointError(file.path, `tensor ${entry.name} ${fault}: the file is damaged.`);
    }
    end = byteOffset + numElements * elementSize(dtype);
  }
  if (end !== file.size) {
    throw new CheckpointError(
      file.path,
      `${file.size - end} bytes after its last tensor belong to nothing: the file is damaged.`,
    );
  }
}

function byPosition(a: TensorEntry, b: TensorEntry): number {
  return a.storage.byteOffset - b.storage.byteOffset || a.numElements - b.numElements;
}

/**
 * The format cannot share memory between names. Writers that drop a tied tensor note "dropped name: kept name" in
 * the metadata; such names come back as views of the kept tensor.
 */
function sharedNames(entries: readonly TensorEntry[], metadata: ReadonlyMap<string, string>): TensorEntry[] {
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  return [...metadata].flatMap(([name, kept]) => {
    const entry = byName.get(kept);
    return entry === undefined || byName.has(name) ? [] : [{ ...entry, name }];
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whole numbers from 0. */
function isSizes(value: unknown): value is number[] {
  return (
    Array.isArray(value) &&
    value.every((size: unknown) => typeof size === 'number' && Number.isSafeInteger(size) && size >= 0)
  );
}
