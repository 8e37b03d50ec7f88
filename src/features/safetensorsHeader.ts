/** @file The header of a safetensors file: checked reading of a foreign one, and making one of a fixed length. */

import { z } from 'zod';

/** Element types that a feature shard uses, by their safetensors names. */
export type ShardDType = 'F16' | 'F32' | 'I64';

export const SHARD_ITEM_BYTES: Readonly<Record<ShardDType, number>> = { F16: 2, F32: 4, I64: 8 };

/** The format's own limit on the header's length, in bytes. */
export const MAX_HEADER_BYTES = 100_000_000;
/** The 8-byte little-endian length in front of the header. */
export const LENGTH_BYTES = 8;

/** A tensor's place: offsets count bytes from the end of the header. */
export interface TensorPlace {
  readonly dtype: ShardDType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  readonly tensors: ReadonlyMap<string, TensorPlace>;
  readonly metadata: Readonly<Record<string, string>>;
  /** Where tensor data starts in the file. */
  readonly dataStart: number;
}

const size = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const tensorSchema = z.object({
  dtype: z.enum(['F16', 'F32', 'I64']),
  shape: z.array(size).max(8),
  data_offsets: z.tuple([size, size]),
});
const metadataSchema = z.record(z.string(), z.string());

/** Thrown for a header that breaks the format; the message is a sentence without the file's name. */
export class HeaderError extends Error {}

/** The header's length from the first 8 bytes of a file of `fileBytes`. */
export function parseHeaderLength(first: Buffer, fileBytes: number): number {
  if (first.length < LENGTH_BYTES) throw new HeaderError(`it holds only ${fileBytes} bytes`);
  const length = first.readBigUInt64LE(0);
  if (length > BigInt(MAX_HEADER_BYTES))
    throw new HeaderError(`its first 8 bytes, ${length}, are not the length of a safetensors header`);
  if (LENGTH_BYTES + Number(length) > fileBytes)
    throw new HeaderError(
      `its header should take ${length} bytes, but the file ends after ${fileBytes} bytes`,
    );
  return Number(length);
}

/**
 * Reads a header and checks that the tensors fill the rest of the file without hole or overlap, as the format
 * demands.
 */
export function parseHeader(json: Buffer, fileBytes: number): SafetensorsHeader {
  const dataStart = LENGTH_BYTES + json.length;
  const tensors = new Map<string, TensorPlace>();
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(parseObject(json))) {
    if (name === '__metadata__') metadata = check(metadataSchema, value, name);
    else tensors.set(name, parseTensor(name, value));
  }
  let end = 0;
  for (const [name, place] of [...tensors].sort(([, a], [, b]) => a.begin - b.begin)) {
    if (place.begin !== end)
      throw new HeaderError(`tensor ${name} starts at byte ${place.begin}, not at ${end}`);
    end = place.end;
  }
  if (dataStart + end !== fileBytes) {
    const problem = dataStart + end > fileBytes ? 'is cut off' : 'has bytes that belong to no tensor';
    throw new HeaderError(`it should have ${dataStart + end} bytes and has ${fileBytes}: it ${problem}`);
  }
  return { tensors, metadata, dataStart };
}

function parseObject(json: Buffer): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(json.toString('utf8'));
  } catch {
    throw new HeaderError('its header is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new HeaderError('its header is not a JSON object');
  return value as Record<string, unknown>;
}

function parseTensor(name: string, value: unknown): TensorPlace {
  const { dtype, shape, data_offsets: offsets } = check(tensorSchema, value, name);
  const numBytes = shape.reduce((product, n) => product * n, SHARD_ITEM_BYTES[dtype]);
  if (!Number.isSafeInteger(numBytes) || offsets[1] - offsets[0] !== numBytes)
    throw new HeaderError(
      `tensor ${name} of type ${dtype} and shape [${shape.join(', ')}] cannot lie at bytes ${offsets.join(' to ')}`,
    );
  return { dtype, shape, begin: offsets[0], end: offsets[1] };
}

function check<T>(schema: z.ZodType<T>, value: unknown, name: string): T {
  const result = schema.safeParse(value);
  if (!result.success)
    throw new HeaderError(`its header is wrong at ${name}: ${z.prettifyError(result.error)}`);
  return result.data;
}

/**
 * Makes a header (length and JSON) of exactly `numBytes`, filled up with spaces as the format allows.
 *
 * @param tensors in the order of their data.
 * @returns `undefined` when it does not fit.
 */
export function formatHeader(
  tensors: readonly (readonly [name: string, dtype: ShardDType, shape: readonly number[]])[],
  metadata: Readonly<Record<string, string>>,
  numBytes: number,
): Buffer | undefined {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let begin = 0;
  for (const [name, dtype, shape] of tensors) {
    const end = begin + shape.reduce((product, n) => product * n, SHARD_ITEM_BYTES[dtype]);
    header[name] = { dtype, shape, data_offsets: [begin, end] };
    begin = end;
  }
  const json = JSON.stringify(header);
  const jsonBytes = Buffer.byteLength(json);
  if (LENGTH_BYTES + jsonBytes > numBytes) return undefined;
  const bytes = Buffer.alloc(numBytes, ' ');
  bytes.writeBigUInt64LE(BigInt(numBytes - LENGTH_BYTES), 0);
  bytes.write(json, LENGTH_BYTES, 'utf8');
  return bytes;
}
