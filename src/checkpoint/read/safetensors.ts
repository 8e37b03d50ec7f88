/** @file The tensors of a safetensors file, where they lie. */

import {
  HeaderError,
  LENGTH_BYTES,
  parseHeader,
  parseHeaderLength,
  type SafetensorsHeader,
  type SafetensorsType,
} from '../../formats/safetensorsHeader.js';
import { CheckpointError } from '../checkpointError.js';
import { joinScales } from '../roundedWeights.js';
import { contiguousStrides, countElements, type ElementType, type TensorEntry } from '../tensorEntry.js';
import { type FileReader, truncated } from './fileReader.js';
import type { ParsedCheckpoint } from './parsed.js';

/** safetensors' names of the element types. */
export const safetensorsTypes: Readonly<Record<ElementType, SafetensorsType>> = {
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

/** In the metadata: the CRC-32 of each tensor's bytes, eight hexadecimal digits each, in the order of the data. */
export const CHECKSUMS_KEY = 'crc32';

const elementTypes = Object.fromEntries(
  Object.entries(safetensorsTypes).map(([dtype, code]) => [code, dtype]),
) as Record<SafetensorsType, ElementType>;

/** Describes the tensors of a safetensors file. @throws CheckpointError when the header breaks the format. */
export function readSafetensors(file: FileReader): ParsedCheckpoint {
  const { tensors, metadata, dataStart } = readHeader(file);
  const checksums = checksumsOf(metadata, tensors.size);
  // In the order of their data, as the checksums stand.
  const placed = [...tensors].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  const crcs = new Map(placed.map(([name], i) => [name, checksums?.[i]]));
  const entries = [...tensors].map(([name, { dtype: code, shape, begin, end }]): TensorEntry => {
    const dtype = elementTypes[code];
    const numElements = countElements(shape);
    const byteOffset = dataStart + begin;
    const crc32 = crcs.get(name);
    const checksum = crc32 === undefined ? {} : { checksum: { byteOffset, byteLength: end - begin, crc32 } };
    const storage = { file: file.path, byteOffset, numElements, dtype, ...checksum };
    return { name, dtype, shape, strides: contiguousStrides(shape), storage, storageOffset: 0, numElements };
  });
  const whole = joinScales(file.path, entries, metadata);
  const all = [...whole, ...sharedNames(whole, metadata)];
  return { format: 'safetensors', entries: all, metadata, wrapper: [], ignored: [] };
}

/** The note of {@link CHECKSUMS_KEY}, where a file has it; another program's of the same name is none of ours. */
function checksumsOf(metadata: ReadonlyMap<string, string>, numTensors: number): number[] | undefined {
  const note = metadata.get(CHECKSUMS_KEY);
  if (note === undefined || !/^[0-9a-f]{8}( [0-9a-f]{8})*$/.test(note)) return undefined;
  const found = note.split(' ').map((hex) => Number.parseInt(hex, 16));
  return found.length === numTensors ? found : undefined;
}

function readHeader(file: FileReader): SafetensorsHeader {
  try {
    const length = parseHeaderLength(file.head(LENGTH_BYTES), file.size);
    return parseHeader(file.read(LENGTH_BYTES, length), file.size);
  } catch (error) {
    if (!(error instanceof HeaderError)) throw error;
    if (error.neededBytes !== undefined) throw truncated(file.path, error.neededBytes, file.size);
    throw new CheckpointError(file.path, `it is no safetensors file that can be read: ${error.message}.`, {
      cause: error,
    });
  }
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
