/** @file Writing a feature store: a folder of shards, each whole or absent. */

import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { LxmertError, UsageError } from '../common/errors.js';
import type { Provenance } from './provenance.js';
import { type FeatureRow, featureSizeOf } from './row.js';
import { type Conversion, type FeatureDType, MAX_BOXES, MAX_SHARD_IMAGES } from './shardFormat.js';
import { ShardWriter } from './shardWriter.js';
import { listShardFiles, shardFileName } from './storeFiles.js';

/** 2048 images of 36 x 2048 float16 values make a shard of 302 MB; an interruption loses less than one. */
export const DEFAULT_SHARD_IMAGES = 2048;

export interface StoreWriterOptions {
  readonly provenance: Provenance;
  /** Boxes that each image has room for; LXMERT's published features have 36. */
  readonly numBoxes: number;
  /** Default float16: half the size, and features differ by rounding only (relative 2^-11). */
  readonly dtype?: FeatureDType;
  readonly shardImages?: number;
  /** Rows will say what they were made from ({@link RowOrigin.contentHash}). Default false. */
  readonly withContentHashes?: boolean;
}

/** What a conversion records in each shard besides its range of the source. */
export type ConversionSettings = Omit<Conversion, 'fromByte' | 'toByte' | 'fromLine' | 'toLine'>;

/** Where shards go on, and what is recorded in them, when a TSV file is converted. */
export interface ConversionState {
  readonly settings: ConversionSettings;
  readonly firstShard: number;
  readonly knownIds: Iterable<string>;
}

/** A row's place in the file it is converted from. */
export interface SourceRange {
  readonly start: number;
  readonly end: number;
  readonly line: number;
}

/** Where a row comes from. */
export interface RowOrigin {
  /** Its place in the file that is converted; needed in a conversion. */
  readonly range?: SourceRange;
  /** SHA-256 of what it was made from, in hexadecimal. */
  readonly contentHash?: string;
}

/**
 * Takes rows and writes shards. Always end with {@link finish} or {@link abandon}: the last shard carries a mark,
 * without which the store does not open.
 */
export class FeatureStoreWriter {
  readonly #ids: Set<string>;
  #shard: ShardWriter | undefined;
  #shardIndex: number;
  #range: { from: SourceRange; to: SourceRange } | undefined;
  #numImages = 0;

  private constructor(
    readonly folder: string,
    private readonly options: Required<StoreWriterOptions>,
    private readonly conversion: ConversionState | undefined,
  ) {
    this.#ids = new Set(conversion?.knownIds);
    this.#shardIndex = conversion?.firstShard ?? 0;
  }

  /**
   * @throws UsageError for values out of range, and when the folder already holds a store (unless a conversion
   *   goes on with it).
   */
  static async create(
    folder: string,
    options: StoreWriterOptions,
    conversion?: ConversionState,
  ): Promise<FeatureStoreWriter> {
    const shardImages = options.shardImages ?? DEFAULT_SHARD_IMAGES;
    checkRange('images in a shard', shardImages, MAX_SHARD_IMAGES);
    checkRange('boxes', options.numBoxes, MAX_BOXES);
    if (conversion === undefined && (await listShardFiles(folder)).length > 0)
      throw new UsageError(`${folder} already holds a feature store. Choose another folder.`);
    await removeLeftovers(folder);
    const settled = {
      ...options,
      shardImages,
      dtype: options.dtype ?? 'float16',
      withContentHashes: options.withContentHashes ?? false,
    };
    return new FeatureStoreWriter(folder, settled, conversion);
  }

  /** Images added through this writer. */
  get numImages(): number {
    return this.#numImages;
  }

  /** True for an image whose row was written. */
  has(imageId: string): boolean {
    return this.#ids.has(imageId);
  }

  /**
   * Adds a row.
   *
   * @throws LxmertError for a second row of the same image and for a row that does not fit.
   */
  async add(row: FeatureRow, { range, contentHash }: RowOrigin = {}): Promise<void> {
    if (this.#ids.has(row.imageId))
      throw new LxmertError(`Image ${row.imageId} is already in the store ${this.folder}.`);
    if (this.#shard !== undefined && !this.#shard.hasRoomFor(row.imageId)) await this.#commitShard(false);
    this.#shard ??= await this.#startShard(row);
    await this.#shard.add(row, contentHash);
    this.#ids.add(row.imageId);
    this.#numImages++;
    if (range !== undefined) this.#range = { from: this.#range?.from ?? range, to: range };
  }

  /** Writes the last shard. */
  async finish(): Promise<void> {
    if (this.#shard === undefined)
      throw new LxmertError(`No images were given for the store ${this.folder}.`);
    await this.#commitShard(true);
  }

  /** Removes the shard in work; whole shards stay, so that a conversion can go on from them. */
  async abandon(): Promise<void> {
    await this.#shard?.abandon();
    this.#shard = undefined;
  }

  async #startShard(row: FeatureRow): Promise<ShardWriter> {
    const { numBoxes, dtype, shardImages, provenance, withContentHashes } = this.options;
    const layout = { numBoxes, dtype, featureSize: featureSizeOf(row) };
    const file = path.join(this.folder, shardFileName(this.#shardIndex));
    const provenanceBytes = Buffer.byteLength(JSON.stringify(provenance));
    return await ShardWriter.create(file, layout, shardImages, provenanceBytes, withContentHashes);
  }

  async #commitShard(last: boolean): Promise<void> {
    const shard = this.#shard;
    await shard?.commit({
      provenance: this.options.provenance,
      index: this.#shardIndex++,
      last,
      conversion: this.#describeConversion(),
    });
    this.#shard = undefined;
    this.#range = undefined;
  }

  #describeConversion(): Conversion | null {
    if (this.conversion === undefined || this.#range === undefined) return null;
    const { from, to } = this.#range;
    return {
      ...this.conversion.settings,
      fromByte: from.start,
      toByte: to.end,
      fromLine: from.line,
      toLine: to.line,
    };
  }
}

/** A killed writer leaves its unfinished shard under a temporary name; it is of no use to anyone. */
async function removeLeftovers(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    if (/^\.shard-\d{5}\.safetensors\.[0-9a-f]+\.partial$/.test(name))
      await rm(path.join(folder, name), { force: true });
  }
}

function checkRange(what: string, value: number, max: number): void {
  if (!Number.isInteger(value) || value < 1 || value > max)
    throw new UsageError(`The number of ${what} should be a whole number from 1 to ${max}; found ${value}.`);
}
