/**
 * @file Caffe's .caffemodel: a protobuf `NetParameter`. The file is walked and not read; for each blob of each layer
 * the place of its numbers is noted. Field numbers are those of Caffe's published caffe.proto.
 */

import { type ProtobufField, ProtobufReader } from '../../formats/protobuf/reader.js';
import { CheckpointError } from '../checkpointError.js';
import {
  contiguousStrides,
  countElements,
  type ElementType,
  elementSize,
  type Run,
  type TensorEntry,
} from '../tensorEntry.js';
import { type FileReader, truncated } from './fileReader.js';
import type { CaffeLayer, ParsedCheckpoint } from './parsed.js';

/** NetParameter: name, the first format's layers, today's layers. */
const NET = { name: 1, layersV1: 2, layer: 100 } as const;
const LAYER = { name: 1, type: 2, blobs: 7 } as const;
/** BlobProto; num, channels, height and width are the shape of files from before 2015. */
const BLOB = { legacy: [1, 2, 3, 4], data: 5, shape: 7, doubleData: 8 } as const;
const SHAPE = { dim: 1 } as const;

/** Numbers of NetParameter's fields: name, layers, input, input_dim, force_backward, state, debug_info, input_shape, layer. */
const netFields = new Set([1, 2, 3, 4, 5, 6, 7, 8, 100]);

const limits = { layers: 100_000, blobs: 200_000, runs: 200_000, nameBytes: 4096, axes: 32 } as const;

/**
 * Describes the blobs of a .caffemodel, as tensors named `LAYER/INDEX`: `conv1/0` are the weights of conv1,
 * `rpn_conv/3x3/1` are the biases of rpn_conv/3x3. Shapes are as they stand in the file, so those of the old kind
 * always have four sizes.
 *
 * @throws CheckpointError when the file is cut short, malformed, or in Caffe's first format
 */
export function readCaffemodel(file: FileReader): ParsedCheckpoint {
  const walk = new NetWalk(file);
  walk.run();
  const { entries, layers, netName } = walk;
  const metadata = new Map(netName === undefined ? [] : [['name', netName]]);
  return { format: 'caffemodel', entries, metadata, wrapper: [], ignored: [], layers };
}

/** True when the whole top level of the file is that of a NetParameter with layers: the format has no magic number. */
export function isCaffemodel(file: FileReader): boolean {
  let hasLayers = false;
  try {
    for (const { number, wireType } of protobufReader(file).fields(0, file.size)) {
      if (!netFields.has(number)) return false;
      if (number === NET.layer || number === NET.layersV1) {
        if (wireType !== 'bytes') return false;
        hasLayers = true;
      }
    }
  } catch (error) {
    if (error instanceof CheckpointError) return false;
    throw error;
  }
  return hasLayers;
}

function protobufReader(file: FileReader): ProtobufReader {
  return new ProtobufReader(file, {
    malformed: (position, fault) =>
      new CheckpointError(
        file.path,
        `the file is no whole .caffemodel (a protobuf of Caffe): at byte ${position}, ${fault}. It is damaged or of another kind; download or copy it again.`,
      ),
    truncated: (neededBytes) => truncated(file.path, neededBytes, file.size),
  });
}

class NetWalk {
  readonly entries: TensorEntry[] = [];
  readonly layers: CaffeLayer[] = [];
  netName: string | undefined;
  readonly #reader: ProtobufReader;
  readonly #layersWithBlobs = new Set<string>();
  #numRuns = 0;

  constructor(private readonly file: FileReader) {
    this.#reader = protobufReader(file);
  }

  run(): void {
    let hasFirstFormat = false;
    for (const field of this.#reader.fields(0, this.file.size)) {
      if (field.number === NET.name) this.netName = this.#text(field);
      else if (field.number === NET.layersV1) hasFirstFormat = true;
      else if (field.number === NET.layer) this.#readLayer(this.#message(field, 'a layer'));
    }
    if (this.layers.length > 0) return;
    throw new CheckpointError(
      this.file.path,
      hasFirstFormat
        ? "this .caffemodel is in Caffe's first format (V1 layers, until 2014), which is not read. Caffe's own program upgrade_net_proto_binary writes it in the current one."
        : 'the file is no .caffemodel with weights: as a protobuf of Caffe it has no layer. Get the file again.',
    );
  }

  #readLayer(layer: ProtobufField): void {
    let name = '';
    let type = '';
    const blobs: ProtobufField[] = [];
    for (const field of this.#reader.fields(layer.start, layer.end)) {
      if (field.number === LAYER.name) name = this.#text(field);
      else if (field.number === LAYER.type) type = this.#text(field);
      else if (field.number === LAYER.blobs) blobs.push(this.#message(field, 'a blob'));
      if (blobs.length + this.entries.length > limits.blobs) this.#fail(field, 'there are too many blobs');
    }
    if (this.layers.length >= limits.layers) this.#fail(layer, 'there are too many layers');
    this.layers.push({ name, type, numBlobs: blobs.length });
    if (blobs.length === 0) return;
    if (this.#layersWithBlobs.has(name)) {
      throw new CheckpointError(this.file.path, `two layers with weights are called ${name}.`);
    }
    this.#layersWithBlobs.add(name);
    for (const [index, blob] of blobs.entries()) this.entries.push(this.#readBlob(`${name}/${index}`, blob));
  }

  #readBlob(name: string, blob: ProtobufField): TensorEntry {
    const runs: Record<'float32' | 'float64', Run[]> = { float32: [], float64: [] };
    let shape: number[] | undefined;
    const legacy = [0, 0, 0, 0];
    let isLegacy = false;
    // Numbers that are not packed are walked over in runs; the fields of a run come up again and are passed over.
    let position = blob.start;
    while (position < blob.end) {
      const field = this.#reader.fields(position, blob.end).next().value as ProtobufField;
      if (field.number === BLOB.data) {
        position = this.#addRun(runs.float32, 'float32', field, position, blob.end);
        continue;
      }
      if (field.number === BLOB.doubleData) {
        position = this.#addRun(runs.float64, 'float64', field, position, blob.end);
        continue;
      }
      if (field.number === BLOB.shape) shape = this.#readShape(this.#message(field, 'a shape'));
      else if ((BLOB.legacy as readonly number[]).includes(field.number)) {
        if (field.wireType !== 'varint') this.#fail(field, 'a size of a blob is no number');
        legacy[field.number - 1] = this.#size(field, field.value);
        isLegacy = true;
      }
      position = field.end;
    }
    // Caffe itself prefers doubles where a blob has both, and a shape of the new kind to the old one.
    const dtype = runs.float64.length > 0 ? 'float64' : 'float32';
    return this.#makeEntry(name, dtype, shape ?? (isLegacy ? legacy : []), runs[dtype]);
  }

  /** Notes the numbers of a field, and of those that repeat it; gives the byte after them. */
  #addRun(
    runs: Run[],
    dtype: 'float32' | 'float64',
    field: ProtobufField,
    position: number,
    end: number,
  ): number {
    const size = elementSize(dtype);
    const length = field.end - field.start;
    if (++this.#numRuns > limits.runs) this.#fail(field, 'the numbers of the blobs lie in too many pieces');
    if (field.wireType === 'bytes') {
      if (length % size !== 0) this.#fail(field, `${length} bytes of numbers are no multiple of ${size}`);
      if (length > 0) runs.push({ byteOffset: field.start, numElements: length / size, step: size });
      return field.end;
    }
    if (field.wireType !== (dtype === 'float32' ? 'fixed32' : 'fixed64')) {
      this.#fail(field, 'a number of a blob is of the wrong kind');
    }
    const step = field.end - position;
    // A longer spelling of the tag is legal and never met; then each number is a run of its own.
    const after = step === size + 1 ? this.#reader.endOfRun(position, end, step) : field.end;
    runs.push({ byteOffset: field.start, numElements: (after - position) / step, step });
    return after;
  }

  #readShape(message: ProtobufField): number[] {
    const shape: number[] = [];
    for (const field of this.#reader.fields(message.start, message.end)) {
      if (field.number !== SHAPE.dim) continue;
      if (field.wireType === 'varint') shape.push(this.#size(field, field.value));
      else if (field.wireType === 'bytes') {
        for (const size of this.#reader.packedVarints(field, limits.axes))
          shape.push(this.#size(field, size));
      } else this.#fail(field, 'a size of a shape is no whole number');
      if (shape.length > limits.axes) this.#fail(field, `a shape has more than ${limits.axes} sizes`);
    }
    return shape;
  }

  #makeEntry(name: string, dtype: ElementType, shape: number[], runs: readonly Run[]): TensorEntry {
    const numElements = countElements(shape);
    const numStored = runs.reduce((sum, run) => sum + run.numElements, 0);
    if (numElements !== numStored) {
      throw new CheckpointError(
        this.file.path,
        `blob ${name} has the shape (${shape.join(', ')}), ${numElements} numbers, and ${numStored} are stored. The file is damaged; download or copy it again.`,
      );
    }
    const [first] = runs;
    const isWhole = runs.length <= 1 && (first === undefined || first.step === elementSize(dtype));
    const storage = {
      file: this.file.path,
      byteOffset: first?.byteOffset ?? 0,
      numElements,
      dtype,
      ...(isWhole ? {} : { scattered: { kind: 'runs', runs } as const }),
    };
    return { name, dtype, shape, strides: contiguousStrides(shape), storage, storageOffset: 0, numElements };
  }

  #size(field: ProtobufField, value: bigint): number {
    // A negative number comes as its 64-bit complement, so it is too large as well.
    if (value > 2n ** 31n) this.#fail(field, `a size of a blob is ${BigInt.asIntN(64, value)}`);
    return Number(value);
  }

  #message(field: ProtobufField, what: string): ProtobufField {
    if (field.wireType !== 'bytes') this.#fail(field, `${what} is no message`);
    return field;
  }

  #text(field: ProtobufField): string {
    return this.#reader.text(this.#message(field, 'a name'), limits.nameBytes);
  }

  #fail(field: ProtobufField, fault: string): never {
    return this.#reader.fail(field.start, fault);
  }
}
