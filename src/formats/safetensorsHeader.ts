/**
 * @file The header of a safetensors file: an 8-byte little-endian length and a JSON object of names, types, shapes and
 * offsets, checked as the format demands, and made.
 */

import { excerpt, excerptOfJson } from '../common/excerpt.js';
import { findDuplicateKey } from './duplicateKeys.js';
import { describeJsonFault } from './jsonFault.js';

/** Bytes of an element, by the format's names of element types. */
export const SAFETENSORS_ITEM_BYTES = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
} as const;

export type SafetensorsType = keyof typeof SAFETENSORS_ITEM_BYTES;

/** The format's own limit on the header's length, in bytes. */
const MAX_HEADER_BYTES = 100_000_000;
/** libtorch's limit on the axes of a tensor. */
const MAX_AXES = 64;
/** The 8-byte little-endian length in front of the header. */
export const LENGTH_BYTES = 8;

/** A tensor's place: offsets count bytes from the end of the header. */
export interface TensorPlace {
  readonly dtype: SafetensorsType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  readonly tensors: ReadonlyMap<string, TensorPlace>;
  readonly metadata: ReadonlyMap<string, string>;
  /** Where tensor data starts in the file. */
  readonly dataStart: number;
}

/** Thrown for a header that breaks the format; the message is a phrase without the file's name. */
export class HeaderError extends Error {
  constructor(
    message: string,
    /** Bytes that the file should have at least, where it is cut short. */
    readonly neededBytes?: number,
  ) {
    super(message);
  }
}

/** The header's length from the first 8 bytes of a file of `fileBytes`. @throws HeaderError */
export function parseHeaderLength(first: Buffer, fileBytes: number): number {
  if (first.length < LENGTH_BYTES) throw new HeaderError(`it holds only ${fileBytes} bytes`, LENGTH_BYTES);
  const length = first.readBigUInt64LE(0);
  if (length > BigInt(MAX_HEADER_BYTES))
    throw new HeaderError(
      `its header claims ${length} bytes: its first 8 bytes are not the length of a safetensors header`,
    );
  const needed = LENGTH_BYTES + Number(length);
  if (needed > fileBytes)
    throw new HeaderError(
      `its header should take ${length} bytes, but the file ends after ${fileBytes} bytes`,
      needed,
    );
  return Number(length);
}

/**
 * Reads a header and checks that the tensors fill the rest of the file without hole or overlap, as the format
 * demands.
 *
 * @throws HeaderError
 */
export function parseHeader(json: Buffer, fileBytes: number): SafetensorsHeader {
  const dataStart = LENGTH_BYTES + json.length;
  const tensors = new Map<string, TensorPlace>();
  let metadata = new Map<string, string>();
  for (const [name, value] of Object.entries(parseObject(json.toString('utf8')))) {
    if (name === '__metadata__') metadata = parseMetadata(value);
    else tensors.set(name, parseTensor(name, value));
  }
  requireDense(tensors, fileBytes - dataStart, dataStart);
  return { tensors, metadata, dataStart };
}

/**
 * Makes the JSON of a header.
 *
 * @param tensors in the order of their data
 */
export function headerJson(
  tensors: Iterable<readonly [name: string, dtype: SafetensorsType, shape: readonly number[]]>,
  metadata: Readonly<Record<string, string>>,
): Buffer {
  // Entries, not assignment: a tensor may have any name, `__proto__` too.
  const entries: Array<[string, unknown]> = [];
  if (Object.keys(metadata).length > 0) entries.push(['__metadata__', metadata]);
  let begin = 0;
  for (const [name, dtype, shape] of tensors) {
    const end = begin + numBytesOf(dtype, shape);
    entries.push([name, { dtype, shape, data_offsets: [begin, end] }]);
    begin = end;
  }
  return Buffer.from(JSON.stringify(Object.fromEntries(entries)), 'utf8');
}

/** A whole header (length and JSON) of `numBytes`, filled up with spaces as the format allows. */
export function padHeader(json: Buffer, numBytes: number): Buffer {
  const header = Buffer.alloc(numBytes, ' ');
  header.writeBigUInt64LE(BigInt(numBytes - LENGTH_BYTES), 0);
  json.copy(header, LENGTH_BYTES);
  return header;
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new HeaderError(`its header is not JSON (${describeJsonFault(text)})`);
  }
  if (!isObject(value)) throw new HeaderError('its header is not a JSON object');
  const duplicate = findDuplicateKey(text);
  if (duplicate !== undefined) throw new HeaderError(`its header names ${excerptOfJson(duplicate)} twice`);
  return value;
}

function parseMetadata(value: unknown): Map<string, string> {
  if (!isObject(value)) throw wrongAt('__metadata__', 'it is not a JSON object');
  return new Map(
    Object.entries(value).map(([key, text]) => {
      if (typeof text === 'string') return [key, text];
      throw wrongAt(`__metadata__ entry ${key}`, 'it is not a text');
    }),
  );
}

function parseTensor(name: string, value: unknown): TensorPlace {
  if (!isObject(value)) throw wrongAt(name, 'it is not described by a JSON object');
  const { dtype, shape, data_offsets: offsets } = value;
  if (!isType(dtype)) {
    const known = Object.keys(SAFETENSORS_ITEM_BYTES).join(', ');
    throw wrongAt(name, `it has element type ${excerptOfJson(dtype)}; ${known} can be read`);
  }
  if (!isSizes(shape) || shape.length > MAX_AXES)
    throw wrongAt(name, `it has no valid shape (${excerptOfJson(shape)})`);
  const numBytes = numBytesOf(dtype, shape);
  if (!Number.isSafeInteger(numBytes))
    throw wrongAt(name, `it has an impossible shape [${shape.join(', ')}]`);
  if (!isSizes(offsets) || offsets.length !== 2)
    throw wrongAt(name, `it has no valid data_offsets (${excerptOfJson(offsets)})`);
  const [begin, end] = offsets as [number, number];
  if (end - begin !== numBytes)
    throw new HeaderError(
      `tensor ${excerpt(name)} of type ${dtype} and shape [${shape.join(', ')}] cannot lie at bytes ${begin} to ${end}: it needs ${numBytes} bytes and has ${end - begin}`,
    );
  return { dtype, shape, begin, end };
}

/** The format allows neither overlaps nor bytes that belong to no tensor. */
function requireDense(
  tensors: ReadonlyMap<string, TensorPlace>,
  numDataBytes: number,
  dataStart: number,
): void {
  const inOrder = [...tensors].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  const last = inOrder.reduce((end, [, place]) => Math.max(end, place.end), 0);
  const should = `it should have ${dataStart + last} bytes and has ${dataStart + numDataBytes}`;
  if (last > numDataBytes) throw new HeaderError(`${should}: it is cut off`, dataStart + last);
  let end = 0;
  for (const [name, place] of inOrder) {
    const fault = place.begin < end ? 'overlaps the one before' : 'leaves a gap after the one before';
    if (place.begin !== end)
      throw new HeaderError(
        `tensor ${excerpt(name)} ${fault}: it starts at byte ${place.begin}, not at ${end}`,
      );
    end = place.end;
  }
  if (end !== numDataBytes)
    throw new HeaderError(
      `${should}: the ${numDataBytes - end} bytes after its last tensor are bytes that belong to no tensor`,
    );
}

function numBytesOf(dtype: SafetensorsType, shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, SAFETENSORS_ITEM_BYTES[dtype] as number);
}

function wrongAt(name: string, fault: string): HeaderError {
  return new HeaderError(`its header is wrong at ${excerpt(name)}: ${fault}`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isType(value: unknown): value is SafetensorsType {
  return typeof value === 'string' && Object.hasOwn(SAFETENSORS_ITEM_BYTES, value);
}

/** Whole numbers from 0. */
function isSizes(value: unknown): value is number[] {
  return (
    Array.isArray(value) &&
    value.every((size: unknown) => typeof size === 'number' && Number.isSafeInteger(size) && size >= 0)
  );
}
