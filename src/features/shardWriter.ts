/** @file Writing one feature shard row by row; it appears under its name only when it is whole. */

import { createHash } from 'node:crypto';
import { AtomicFile } from '../common/atomicFile.js';
import { LxmertError } from '../common/errors.js';
import { FLOAT16_MAX, float32ToFloat16 } from '../formats/float16.js';
import { formatCount } from '../formats/numbers.js';
import { headerJson, LENGTH_BYTES, padHeader } from '../formats/safetensorsHeader.js';
import { type FeatureRow, featureSizeOf, findRowProblem } from './row.js';
import { encodeMetadata, type ShardLayout, type ShardMetadata, shardTensors } from './shardFormat.js';

/** Header bytes set aside for each image id: `COCO_train2014_000000132417` takes 32 with its quotes. */
const HEADER_BYTES_PER_ID = 48;
/** Header bytes of a content hash with its comma. */
const HEADER_BYTES_PER_HASH = 65;
/** For what the header holds besides ids and provenance: tensor table, offsets, checksum. */
const HEADER_BYTES_FIXED = 8192;
/** Data starts at a multiple of this, so that a mapped tensor is aligned for every element type. */
const DATA_ALIGNMENT = 64;

/** The small arrays of a row, in file order after the features. */
const SMALL_TENSORS = [
  'objectsId',
  'attrsId',
  'numBoxes',
  'sizes',
  'boxes',
  'objectsConf',
  'attrsConf',
] as const;

/** What {@link ShardWriter.commit} adds to what the rows said. */
export type ShardEnding = Omit<ShardMetadata, 'imageIds' | 'imageIdsText' | 'contentHashes' | 'sha256'>;

/**
 * Features go to the file as they come; their header and the small arrays wait in memory (about 1.5 kB for each
 * image). Since the header stands first and its length depends on ids still unknown, room is set aside for it:
 * a shard is full when that room is used up or when it has its number of images.
 */
export class ShardWriter {
  readonly #imageIds: string[] = [];
  /** What each row was made from; left out of the header when no row says. */
  readonly #contentHashes: string[] = [];
  readonly #small = new Map<string, Buffer[]>(SMALL_TENSORS.map((name) => [name, []]));
  readonly #hash = createHash('sha256');
  #idBytes = 0;
  /** The last row's features on their way to the disk while the next row is decoded. */
  #writing: Promise<void> = Promise.resolve();

  private constructor(
    private readonly file: AtomicFile,
    readonly layout: ShardLayout,
    readonly maxImages: number,
    private readonly headerBytes: number,
    private readonly idBytesLimit: number,
  ) {}

  /**
   * @param metadataBytes length of provenance and other metadata as JSON, without the ids.
   * @param withHashes whether rows will say what they were made from.
   */
  static async create(
    path: string,
    layout: ShardLayout,
    maxImages: number,
    metadataBytes: number,
    withHashes = false,
  ): Promise<ShardWriter> {
    const idBytesLimit = Math.max(maxImages * HEADER_BYTES_PER_ID, HEADER_BYTES_FIXED);
    // JSON inside a JSON string doubles its quotes and backslashes at most.
    const hashBytes = withHashes ? maxImages * HEADER_BYTES_PER_HASH : 0;
    const wanted = HEADER_BYTES_FIXED + 2 * metadataBytes + idBytesLimit + hashBytes;
    const headerBytes = Math.ceil(wanted / DATA_ALIGNMENT) * DATA_ALIGNMENT;
    const file = await AtomicFile.create(path);
    const writer = new ShardWriter(file, layout, maxImages, headerBytes, idBytesLimit);
    try {
      await file.handle.writeFile(Buffer.alloc(headerBytes, ' '));
    } catch (error) {
      await file.abandon();
      throw error;
    }
    return writer;
  }

  get numImages(): number {
    return this.#imageIds.length;
  }

  /** False when the shard is full for this image; the next shard takes it. */
  hasRoomFor(imageId: string): boolean {
    return this.numImages < this.maxImages && this.#idBytes + idBytes(imageId) <= this.idBytesLimit;
  }

  /**
   * Adds a row.
   *
   * @throws LxmertError naming the image when the row is not sound, does not fit the layout, or holds a value
   *   that float16 cannot hold.
   */
  async add(row: FeatureRow, contentHash = ''): Promise<void> {
    const problem = findRowProblem(row) ?? findLayoutProblem(row, this.layout);
    if (problem !== undefined)
      throw new LxmertError(`The features of image ${row.imageId} cannot be stored: ${problem}`);
    const features = this.#encodeFeatures(row);
    this.#hash.update(features);
    await this.#writing;
    this.#writing = this.file.handle.writeFile(features);
    // Whoever waits for it next hears of a failure; until then it must not count as unhandled.
    this.#writing.catch(() => undefined);
    this.#keepSmall(row);
    this.#imageIds.push(row.imageId);
    this.#contentHashes.push(contentHash);
    this.#idBytes += idBytes(row.imageId);
  }

  #encodeFeatures(row: FeatureRow): Buffer {
    const numValues = this.layout.numBoxes * this.layout.featureSize;
    if (this.layout.dtype === 'float32') return paddedBytes(row.features, numValues);
    const half = new Uint16Array(numValues);
    const bad = float32ToFloat16(row.features, half);
    if (bad >= 0)
      throw new LxmertError(
        `The features of image ${row.imageId} cannot be stored as float16: value ${row.features[bad]} of box ` +
          `${Math.floor(bad / this.layout.featureSize)} is beyond ${FLOAT16_MAX}. If the detector does give such values: --dtype float32`,
      );
    return Buffer.from(half.buffer);
  }

  #keepSmall(row: FeatureRow): void {
    const n = this.layout.numBoxes;
    const bytes: Record<(typeof SMALL_TENSORS)[number], Buffer> = {
      objectsId: paddedBytes(row.objectsId, n),
      attrsId: paddedBytes(row.attrsId, n),
      numBoxes: paddedBytes(BigInt64Array.of(BigInt(row.numBoxes)), 1),
      sizes: paddedBytes(BigInt64Array.of(BigInt(row.height), BigInt(row.width)), 2),
      boxes: paddedBytes(row.boxes, n * 4),
      objectsConf: paddedBytes(row.objectsConf, n),
      attrsConf: paddedBytes(row.attrsConf, n),
    };
    for (const name of SMALL_TENSORS) this.#small.get(name)?.push(bytes[name]);
  }

  /** Writes the small arrays and the header, flushes, and gives the shard its name. */
  async commit(ending: ShardEnding): Promise<void> {
    await this.#writing;
    for (const name of SMALL_TENSORS) {
      const bytes = Buffer.concat(this.#small.get(name) ?? []);
      this.#hash.update(bytes);
      await this.file.handle.writeFile(bytes);
    }
    const imageIdsText = JSON.stringify(this.#imageIds);
    this.#hash.update(imageIdsText);
    const metadata = encodeMetadata({
      ...ending,
      imageIds: this.#imageIds,
      imageIdsText,
      contentHashes: this.#contentHashes.some((hash) => hash !== '') ? this.#contentHashes : null,
      sha256: this.#hash.digest('hex'),
    });
    const json = headerJson(shardTensors(this.layout, this.numImages), metadata);
    if (LENGTH_BYTES + json.length > this.headerBytes)
      throw new LxmertError(`The header of ${this.file.path} does not fit into ${this.headerBytes} bytes.`);
    await writeAtStart(this.file, padHeader(json, this.headerBytes));
    await this.file.commit();
  }

  /** Removes what was written. */
  async abandon(): Promise<void> {
    await this.#writing.catch(() => undefined);
    await this.file.abandon();
  }
}

function findLayoutProblem(row: FeatureRow, layout: ShardLayout): string | undefined {
  if (row.numBoxes > layout.numBoxes)
    return `it has ${formatCount(row.numBoxes, 'box')} and the store has room for ${layout.numBoxes}; make the store with ${row.numBoxes} or more boxes.`;
  const size = featureSizeOf(row);
  if (size !== layout.featureSize)
    return `its features have ${size} values for each box and the images before it ${layout.featureSize}.`;
  return undefined;
}

/** Bytes of an id in the header: JSON inside a JSON string, with quotes and comma. */
function idBytes(imageId: string): number {
  return Buffer.byteLength(JSON.stringify(JSON.stringify(imageId))) - 1;
}

/** A copy of the values' bytes, filled up with zeros to `numValues` values. */
function paddedBytes(values: Float32Array | BigInt64Array, numValues: number): Buffer {
  const bytes = Buffer.alloc(numValues * values.BYTES_PER_ELEMENT);
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return bytes;
}

async function writeAtStart(file: AtomicFile, bytes: Buffer): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.handle.write(bytes, done, bytes.length - done, done);
    done += bytesWritten;
  }
}
