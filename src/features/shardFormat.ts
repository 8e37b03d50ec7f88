/** @file What a feature shard holds: tensors by name, order, type and shape, and the metadata of its header. */

import { z } from 'zod';
import { messageOf } from '../common/errors.js';
import { excerpt } from '../common/excerpt.js';
import { findSchemaProblem } from '../common/schemaWords.js';
import type { SafetensorsType } from '../formats/safetensorsHeader.js';
import { RANGE_SETTING, rangeOf } from './featureValues.js';
import { type Provenance, provenanceSchema } from './provenance.js';
import { MAX_BOXES } from './row.js';

export const SHARD_FORMAT = 'lxmert-features';
const SHARD_FORMAT_VERSION = '1';

/** How feature values are stored. */
export type FeatureDType = 'float16' | 'float32';

/** The sizes that all shards of a store share. */
export interface ShardLayout {
  /** Boxes that each image has room for; images with fewer are filled up with zeros. */
  readonly numBoxes: number;
  readonly featureSize: number;
  readonly dtype: FeatureDType;
}

/** Largest feature vector of one region; guards against nonsense headers. */
export const MAX_FEATURE_SIZE = 1 << 20;
/** Largest number of images in a shard. */
export const MAX_SHARD_IMAGES = 100_000;
export { MAX_BOXES };

export type ShardTensorName =
  | 'features'
  | 'objects_id'
  | 'attrs_id'
  | 'num_boxes'
  | 'sizes'
  | 'boxes'
  | 'objects_conf'
  | 'attrs_conf';

/**
 * Tensors in file order. Features come first since their number is not known while they are written; then wide
 * types before narrow ones, which keeps all aligned in any real store.
 */
export function shardTensors(
  layout: ShardLayout,
  numImages: number,
): (readonly [name: ShardTensorName, dtype: SafetensorsType, shape: readonly number[]])[] {
  const { numBoxes, featureSize, dtype } = layout;
  return [
    ['features', dtype === 'float16' ? 'F16' : 'F32', [numImages, numBoxes, featureSize]],
    ['objects_id', 'I64', [numImages, numBoxes]],
    ['attrs_id', 'I64', [numImages, numBoxes]],
    ['num_boxes', 'I64', [numImages]],
    ['sizes', 'I64', [numImages, 2]],
    ['boxes', 'F32', [numImages, numBoxes, 4]],
    ['objects_conf', 'F32', [numImages, numBoxes]],
    ['attrs_conf', 'F32', [numImages, numBoxes]],
  ];
}

const count = z.number().int().nonnegative();

/** Which part of which source a shard was converted from, and with which settings: what resuming needs. */
export const conversionSchema = z.strictObject({
  sourceBytes: count,
  shardImages: count,
  maxImages: count.nullable(),
  duplicates: z.enum(['error', 'first']),
  /** Of a table. */
  lineEnding: z.enum(['\n', '\r\n']).optional(),
  /** Of what is no table. */
  format: z.string().optional(),
  /** What was stated of the boxes in the file, such as `xywh pixels`; absent for corners in pixels. */
  boxForm: z.string().optional(),
  /** What took the place of the file's own image ids: a pattern, or lists of questions. */
  ids: z.string().optional(),
  /** Bytes and lines of a table; rows from 0, and from 1, of what is none. */
  fromByte: count,
  toByte: count,
  fromLine: count,
  toLine: count,
});
export type Conversion = z.infer<typeof conversionSchema>;

const positionSchema = z.strictObject({ index: count, last: z.boolean() });

/** The header's metadata, decoded. */
export interface ShardMetadata {
  readonly imageIds: readonly string[];
  /** Those ids as the header has them, JSON of any layout; the checksum covers this text. */
  readonly imageIdsText: string;
  readonly provenance: Provenance;
  /** Number of this shard in its store, from 0. */
  readonly index: number;
  /** True for the last shard: a store without it was not finished, or a file got lost. */
  readonly last: boolean;
  readonly conversion: Conversion | null;
  /**
   * For each image, what its row was made from: a SHA-256 in hexadecimal, or an empty text where it is not known. Null
   * for a store that nothing is known of, such as one made from a TSV file.
   */
  readonly contentHashes: readonly string[] | null;
  /** SHA-256 of the data region followed by the `imageIds` text, in hexadecimal. */
  readonly sha256: string;
}

/** Metadata as safetensors wants it: strings only, structures as JSON. */
export function encodeMetadata(metadata: ShardMetadata): Record<string, string> {
  return {
    format: SHARD_FORMAT,
    formatVersion: SHARD_FORMAT_VERSION,
    shard: JSON.stringify({ index: metadata.index, last: metadata.last }),
    provenance: JSON.stringify(metadata.provenance),
    ...(metadata.conversion === null ? {} : { conversion: JSON.stringify(metadata.conversion) }),
    sha256: metadata.sha256,
    ...(metadata.contentHashes === null ? {} : { contentHashes: metadata.contentHashes.join(',') }),
    imageIds: metadata.imageIdsText,
  };
}

/** Whether a header calls its file a feature shard, of whatever version. */
export function isShardMetadata(metadata: ReadonlyMap<string, string>): boolean {
  return metadata.get('format') === SHARD_FORMAT;
}

/** @throws Error with a sentence fragment for what is missing or wrong. */
export function decodeMetadata(metadata: ReadonlyMap<string, string>): ShardMetadata {
  const raw: Readonly<Record<string, string>> = Object.fromEntries(metadata);
  if (raw.formatVersion !== SHARD_FORMAT_VERSION)
    throw new Error(
      raw.formatVersion === undefined
        ? `its header states no format version; this program reads version ${SHARD_FORMAT_VERSION}`
        : `it has format version ${excerpt(raw.formatVersion)}; this program reads version ${SHARD_FORMAT_VERSION}`,
    );
  const imageIds = decode('imageIds', raw, z.array(z.string()));
  const provenance = decode('provenance', raw, provenanceSchema);
  requireRange(provenance);
  return {
    imageIds,
    imageIdsText: raw.imageIds ?? '',
    provenance,
    ...decode('shard', raw, positionSchema),
    conversion: raw.conversion === undefined ? null : decode('conversion', raw, conversionSchema),
    contentHashes: decodeHashes(raw.contentHashes, imageIds.length),
    sha256: raw.sha256 ?? '',
  };
}

/** A range that does not read as one would be found where values are looked at, far from the file. */
function requireRange(provenance: Provenance): void {
  try {
    rangeOf(provenance);
  } catch (error) {
    throw new Error(`the setting ${RANGE_SETTING} of its provenance is wrong: ${messageOf(error)}`);
  }
}

function decodeHashes(text: string | undefined, numImages: number): string[] | null {
  if (text === undefined) return null;
  const hashes = text.split(',');
  if (hashes.length !== numImages || hashes.some((hash) => !/^([0-9a-f]{64})?$/.test(hash)))
    throw new Error('the metadata contentHashes of its header is not one SHA-256 or nothing for each image');
  return hashes;
}

function decode<T>(key: string, raw: Readonly<Record<string, string>>, schema: z.ZodType<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(raw[key] ?? '');
  } catch {
    throw new Error(`the metadata ${key} of its header is missing or not JSON`);
  }
  const result = schema.safeParse(value);
  if (!result.success)
    throw new Error(`the metadata ${key} of its header is wrong: ${findSchemaProblem(schema, value)}`);
  return result.data;
}
