/**
 * @file The log that an extraction in work keeps its rows in: records appended one after the other, each with its own
 * checksums. What a killed process leaves half-written at the end is recognised and passed over.
 */

import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { LxmertError } from '../common/errors.js';
import { makeFolder } from '../common/makeFolder.js';
import {
  type FeatureDType,
  type FeatureRow,
  featureSizeOf,
  findRowProblem,
  MAX_BOXES,
  MAX_FEATURE_SIZE,
} from '../features/files.js';
import { FLOAT16_MAX, float16ToFloat32, float32ToFloat16 } from '../formats/float16.js';
import { parseJson } from '../formats/jsonFault.js';
import type { PictureFile } from './contentHash.js';

/** Mark, bytes of the header, bytes of the body, checksum of the header, checksum of the body: u32 each. */
const PREFIX_BYTES = 20;
const MARK = 0x524c584c;
const MAX_HEADER_BYTES = 1 << 16;
const MAX_BODY_BYTES = 2 ** 31;
const LOG_NAME = /^rows-[0-9a-f]{16}\.log$/;

const count = z.int().nonnegative();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const headerSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('row'),
    /** When it was written, in milliseconds: of two records of one image the later one counts. */
    time: z.number(),
    imageId: z.string(),
    contentHash: sha256,
    picture: z.strictObject({ sha256, numBytes: count, modified: z.number() }),
    height: count,
    width: count,
    numBoxes: count.max(MAX_BOXES),
    featureSize: count.max(MAX_FEATURE_SIZE),
    dtype: z.enum(['float16', 'float32']),
  }),
  z.strictObject({
    kind: z.literal('skipped'),
    time: z.number(),
    imageId: z.string(),
    file: z.string(),
    reason: z.string(),
  }),
]);

type Header = z.infer<typeof headerSchema>;
export type RowHeader = Extract<Header, { kind: 'row' }>;
/** A picture that gave no row, and the sentence that says why. */
export type SkippedRecord = Extract<Header, { kind: 'skipped' }>;

/** A record's header, and where its body lies. */
export interface LogRecord {
  readonly file: string;
  readonly header: Header;
  readonly bodyStart: number;
  readonly bodyBytes: number;
  readonly bodyChecksum: number;
}

export function isLogName(name: string): boolean {
  return LOG_NAME.test(name);
}

/** Appends records to a log of its own: several processes that share a job never write to one file. */
export class RowLogWriter {
  #numUnsynced = 0;
  /** The last record on its way to the file while the next picture's row is looked at. */
  #writing: Promise<void> = Promise.resolve();

  private constructor(
    readonly file: string,
    readonly dtype: FeatureDType,
    private readonly handle: FileHandle,
  ) {}

  static async create(folder: string, dtype: FeatureDType): Promise<RowLogWriter> {
    makeFolder(folder);
    const file = path.join(folder, `rows-${randomBytes(8).toString('hex')}.log`);
    return new RowLogWriter(file, dtype, await open(file, 'wx'));
  }

  /**
   * Adds an image's row.
   *
   * @throws LxmertError when the row is not sound, or holds a value that float16 cannot hold
   */
  async add(row: FeatureRow, hash: string, picture: PictureFile): Promise<void> {
    const problem = findRowProblem(row);
    if (problem !== undefined)
      throw new LxmertError(`The features of image ${row.imageId} cannot be kept: ${problem}`);
    const header: RowHeader = {
      kind: 'row',
      time: Date.now(),
      imageId: row.imageId,
      contentHash: hash,
      picture,
      height: row.height,
      width: row.width,
      numBoxes: row.numBoxes,
      featureSize: featureSizeOf(row),
      dtype: this.dtype,
    };
    await this.#append(header, encodeBody(row, this.dtype));
  }

  async skip(imageId: string, file: string, reason: string): Promise<void> {
    await this.#append({ kind: 'skipped', time: Date.now(), imageId, file, reason }, Buffer.alloc(0));
  }

  /** Brings what was added to the disk. */
  async sync(): Promise<void> {
    if (this.#numUnsynced === 0) return;
    this.#numUnsynced = 0;
    await this.#writing;
    await this.handle.datasync();
  }

  async close(): Promise<void> {
    try {
      await this.sync();
    } finally {
      await this.handle.close();
    }
  }

  async #append(header: Header, body: Buffer): Promise<void> {
    const text = Buffer.from(JSON.stringify(header));
    const prefix = Buffer.alloc(PREFIX_BYTES);
    [MARK, text.length, body.length, crc32(text), crc32(body)].forEach((value, i) => {
      prefix.writeUInt32LE(value, 4 * i);
    });
    this.#numUnsynced++;
    await this.#writing;
    // A failure, such as a full disk, is an error of the file system without a path.
    this.#writing = this.handle.writeFile(Buffer.concat([prefix, text, body])).catch((error) => {
      throw Object.assign(error, { path: this.file });
    });
    // Whoever waits for it next hears of a failure; until then it must not count as unhandled.
    this.#writing.catch(() => undefined);
  }
}

/** boxes, objects_conf, attrs_conf, objects_id, attrs_id, features: as in a feature shard. */
function encodeBody(row: FeatureRow, dtype: FeatureDType): Buffer {
  const { boxes, objectsConf, attrsConf, objectsId, attrsId } = row;
  return Buffer.concat(
    [boxes, objectsConf, attrsConf, objectsId, attrsId, encodeFeatures(row, dtype)].map(
      (values) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    ),
  );
}

function encodeFeatures(row: FeatureRow, dtype: FeatureDType): Uint16Array | Float32Array {
  if (dtype === 'float32') return row.features;
  const half = new Uint16Array(row.features.length);
  const bad = float32ToFloat16(row.features, half);
  if (bad < 0) return half;
  throw new LxmertError(
    `The features of image ${row.imageId} cannot be kept as float16: the value ${row.features[bad]} is beyond ${FLOAT16_MAX}. ` +
      'Give --dtype float32.',
  );
}

/**
 * The whole records of a log, in their order. Bodies are not read. What follows a record that is not whole (a process
 * was killed, or is writing at this moment) is passed over.
 */
export async function* scanRowLog(file: string): AsyncGenerator<LogRecord, void, undefined> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const prefix = Buffer.alloc(PREFIX_BYTES);
    for (let position = 0; position + PREFIX_BYTES <= size; ) {
      await handle.read(prefix, 0, PREFIX_BYTES, position);
      const [mark, headerBytes, bodyBytes, headerChecksum, bodyChecksum] = [0, 4, 8, 12, 16].map((at) =>
        prefix.readUInt32LE(at),
      ) as [number, number, number, number, number];
      const bodyStart = position + PREFIX_BYTES + headerBytes;
      const isWhole =
        mark === MARK &&
        headerBytes <= MAX_HEADER_BYTES &&
        bodyBytes <= MAX_BODY_BYTES &&
        bodyStart + bodyBytes <= size;
      if (!isWhole) return;
      const text = Buffer.alloc(headerBytes);
      await handle.read(text, 0, headerBytes, position + PREFIX_BYTES);
      if (crc32(text) !== headerChecksum) return;
      const header = headerOf(text, file);
      yield { file, header, bodyStart, bodyBytes, bodyChecksum };
      position = bodyStart + bodyBytes;
    }
  } finally {
    await handle.close();
  }
}

/** @throws LxmertError for what another version of this program wrote: its checksum is right, and it is not known here */
function headerOf(text: Buffer, file: string): Header {
  const parsed = headerSchema.safeParse(parseJson(text.toString('utf8')));
  if (parsed.success) return parsed.data;
  throw new LxmertError(
    `${file} holds a record that this version does not know: another version began this extraction. Finish it with that one, or choose another output.`,
  );
}

/**
 * The row of a record, features as float32.
 *
 * @throws LxmertError when the log has changed or is damaged
 */
export async function readLoggedRow(record: LogRecord): Promise<FeatureRow> {
  const { file, header, bodyStart, bodyBytes, bodyChecksum } = record;
  if (header.kind !== 'row') throw new Error('A skipped picture has no row.');
  const body = Buffer.alloc(bodyBytes);
  // At once: to hand such a small read to another thread takes several times as long.
  const descriptor = openSync(file, 'r');
  try {
    readSync(descriptor, body, 0, bodyBytes, bodyStart);
  } finally {
    closeSync(descriptor);
  }
  const { numBoxes: n, featureSize, dtype, imageId, height, width } = header;
  const wanted = n * (16 + 4 + 4 + 8 + 8 + featureSize * (dtype === 'float16' ? 2 : 4));
  if (crc32(body) !== bodyChecksum || bodyBytes !== wanted) {
    throw new LxmertError(
      `The row of image ${imageId} in ${file} is damaged. Move that file elsewhere and run the same command again: its images are extracted anew.`,
    );
  }
  let position = 0;
  const take = (numBytes: number): ArrayBuffer => {
    const part = new Uint8Array(numBytes);
    part.set(body.subarray(position, position + numBytes));
    position += numBytes;
    return part.buffer;
  };
  const boxes = new Float32Array(take(n * 16));
  const objectsConf = new Float32Array(take(n * 4));
  const attrsConf = new Float32Array(take(n * 4));
  const objectsId = new BigInt64Array(take(n * 8));
  const attrsId = new BigInt64Array(take(n * 8));
  const stored = take(bodyBytes - position);
  const features = dtype === 'float16' ? widen(new Uint16Array(stored)) : new Float32Array(stored);
  const labels = { objectsId, objectsConf, attrsId, attrsConf };
  return { imageId, height, width, numBoxes: n, ...labels, boxes, features };
}

function widen(half: Uint16Array): Float32Array {
  const values = new Float32Array(half.length);
  float16ToFloat32(half, values);
  return values;
}
