/**
 * @file Writes a model file weight by weight. The library encodes everything but the weights' values; they follow as fields
 * whose lengths are known beforehand, so that no more than one weight is ever in memory. Fields of one protobuf message may
 * stand in any order, and repeated ones one after another.
 */

import { createHash, type Hash } from 'node:crypto';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { create, toBinary } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { AtomicFile } from '../common/atomicFile.js';
import { LxmertError } from '../common/errors.js';
import { type Progress, silentProgress } from '../common/progress.js';
import { aboutFile } from '../common/systemFault.js';
import { dataTypeOf } from './elementType.js';
import { type Initializer, initializerBytes, type OnnxGraph } from './graphBuilder.js';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  TensorProto_DataLocation,
  TensorProtoSchema,
} from './schema/onnx_pb.js';

export interface WriteModelOptions {
  /** Values of weights go into a file of this name beside the model's. Without it they are in the model's own. */
  readonly externalData?: string | undefined;
  /** Which program wrote it. */
  readonly producer?: { readonly name: string; readonly version: string };
  /** Facts about the model, for whoever opens the file alone. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Told of bytes. */
  readonly progress?: Progress;
  readonly signal?: AbortSignal | undefined;
}

export interface WrittenFile {
  readonly path: string;
  readonly numBytes: number;
  readonly sha256: string;
}

/** The model's file, and that of its weights where they are apart. */
export interface WrittenModel {
  readonly model: WrittenFile;
  readonly externalData: WrittenFile | undefined;
}

/** No protobuf message may be longer. */
export const MAX_MODEL_BYTES = 2 ** 31 - 1;

/** Weights in a file of their own begin at multiples of this, so that runtimes can map them. */
const ALIGNMENT = 4096;
/** Smaller values, such as shapes, stay in the model: runtimes read them before they load anything. */
const MIN_EXTERNAL_BYTES = 1024;

/** The version of the file format that goes with the operators' (the ONNX project's page on versioning, "Released Versions"). */
function irVersionOf(opset: number): bigint {
  if (opset >= 23) return 11n;
  if (opset >= 21) return 10n;
  return opset >= 20 ? 9n : 8n;
}

/** Numbers of the fields that are written by hand. */
const FIELDS = {
  graphOfModel: ModelProtoSchema.field.graph.number,
  initializerOfGraph: GraphProtoSchema.field.initializer.number,
  rawDataOfTensor: TensorProtoSchema.field.rawData.number,
};

/**
 * Writes it so that a reader sees the file that was there before or the whole new one.
 *
 * @throws LxmertError for a model over 2 GB without `externalData`; when `signal` aborts, its reason
 */
export async function writeModel(
  file: string,
  model: OnnxGraph,
  options: WriteModelOptions = {},
): Promise<WrittenModel> {
  const { externalData } = options;
  const data = externalData === undefined ? undefined : path.join(path.dirname(file), externalData);
  const parts = partsOf(model, externalData);
  const head = encodeHead(model, options);
  const graph = toBinary(GraphProtoSchema, model.graph);
  const graphBytes = parts.reduce((sum, { numBytes }) => sum + numBytes, graph.length);
  const opening = new Uint8Array([...head, ...lengthPrefix(FIELDS.graphOfModel, graphBytes)]);
  if (opening.length + graphBytes > MAX_MODEL_BYTES) {
    throw new LxmertError(
      `${file} would have ${opening.length + graphBytes} bytes, but an ONNX file holds at most ${MAX_MODEL_BYTES}. Put the weights into a file of their own (--external-data).`,
    );
  }
  const total = opening.length + graphBytes + parts.reduce((sum, part) => sum + part.externalBytes, 0);
  const progress = options.progress ?? silentProgress;
  await using modelFile = await HashedFile.create(file);
  await using dataFile = data === undefined ? undefined : await HashedFile.create(data);
  await modelFile.write(opening);
  await modelFile.write(graph);
  for (const { initializer, before, offset } of parts) {
    // The signal and the progress bar live on the event loop.
    await setImmediate();
    options.signal?.throwIfAborted();
    await modelFile.write(before);
    const target = offset === undefined ? modelFile : dataFile;
    await target?.fillTo(offset);
    await target?.write(valuesOf(initializer));
    progress.update(modelFile.numBytes + (dataFile?.numBytes ?? 0), total);
  }
  options.signal?.throwIfAborted();
  // The weights first: a model never stands without them.
  return { externalData: await dataFile?.commit(), model: await modelFile.commit() };
}

/** What stands of an initializer in the model's file, and where its values are. */
interface Part {
  readonly initializer: Initializer;
  /** Its message up to the values, which follow unless they are in another file. */
  readonly before: Uint8Array;
  /** In the model's file, values included. */
  readonly numBytes: number;
  /** Where the values begin in the other file. */
  readonly offset: number | undefined;
  readonly externalBytes: number;
}

function partsOf({ initializers }: OnnxGraph, location: string | undefined): Part[] {
  let end = 0;
  return initializers.map((initializer) => {
    const length = initializerBytes(initializer);
    const isApart = location !== undefined && length >= MIN_EXTERNAL_BYTES;
    const offset = isApart ? Math.ceil(end / ALIGNMENT) * ALIGNMENT : undefined;
    const externalBytes = offset === undefined ? 0 : offset + length - end;
    if (offset !== undefined) end = offset + length;
    const place = offset === undefined ? {} : externalPlace(location ?? '', offset, length);
    const { name, type, dims } = initializer;
    const form = create(TensorProtoSchema, {
      name,
      dims: dims.map(BigInt),
      dataType: dataTypeOf(type),
      ...place,
    });
    const encoded = toBinary(TensorProtoSchema, form);
    const values = offset === undefined ? lengthPrefix(FIELDS.rawDataOfTensor, length) : new Uint8Array();
    const inner = encoded.length + values.length + (offset === undefined ? length : 0);
    const before = Buffer.concat([lengthPrefix(FIELDS.initializerOfGraph, inner), encoded, values]);
    return {
      initializer,
      before,
      numBytes: before.length + (offset === undefined ? length : 0),
      offset,
      externalBytes,
    };
  });
}

function externalPlace(location: string, offset: number, length: number) {
  const externalData = Object.entries({ location, offset, length }).map(([key, value]) => ({
    key,
    value: String(value),
  }));
  return { dataLocation: TensorProto_DataLocation.EXTERNAL, externalData };
}

function encodeHead({ opset }: OnnxGraph, { producer, metadata = {} }: WriteModelOptions): Uint8Array {
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: irVersionOf(opset),
      opsetImport: [{ domain: '', version: BigInt(opset) }],
      ...(producer === undefined ? {} : { producerName: producer.name, producerVersion: producer.version }),
      metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    }),
  );
}

/** The beginning of a field that holds so many bytes. */
function lengthPrefix(field: number, numBytes: number): Uint8Array {
  return new BinaryWriter().tag(field, WireType.LengthDelimited).uint32(numBytes).finish();
}

function valuesOf(initializer: Initializer): Uint8Array {
  const bytes = initializer.bytes();
  const expected = initializerBytes(initializer);
  if (bytes.length !== expected) {
    throw new RangeError(`'${initializer.name}' must have ${expected} bytes, but has ${bytes.length}.`);
  }
  return bytes;
}

/** A file that takes its name when it is whole, and knows its SHA-256. */
class HashedFile implements AsyncDisposable {
  #numBytes = 0;
  #isOpen = true;
  readonly #hash: Hash = createHash('sha256');

  private constructor(private readonly file: AtomicFile) {}

  static async create(target: string): Promise<HashedFile> {
    return new HashedFile(await AtomicFile.create(target));
  }

  get numBytes(): number {
    return this.#numBytes;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes);
    this.#numBytes += bytes.length;
    // Not `write`, which may write less than it is given.
    await this.file.handle.appendFile(bytes).catch((error: unknown) => {
      throw aboutFile(error, this.file.path);
    });
  }

  /** Zeros up to a place. */
  async fillTo(offset: number | undefined): Promise<void> {
    if (offset !== undefined && offset > this.#numBytes)
      await this.write(new Uint8Array(offset - this.#numBytes));
  }

  async commit(): Promise<WrittenFile> {
    await this.file.commit();
    this.#isOpen = false;
    return { path: this.file.path, numBytes: this.#numBytes, sha256: this.#hash.digest('hex') };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isOpen) await this.file.abandon();
  }
}
