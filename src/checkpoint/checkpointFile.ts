/** @file A checkpoint of any layout as named tensors that are read when they are asked for. */

import { existsSync } from 'node:fs';
import path from 'node:path';
import { fromTypedArray, mapFile, scope, type Tensor } from '../torch/index.js';
import * as ops from '../torch/operators/index.js';
import { CheckpointError } from './checkpointError.js';
import { canonicalNames } from './names/canonicalNames.js';
import { chooseModel, type ModelChoice } from './names/chooseModel.js';
import { familyOfStem, wrappersIn } from './names/encoderGroups.js';
import { type NamingFamily, namingFamily } from './names/tensorNames.js';
import { readCaffemodel } from './read/caffemodel.js';
import { detectFormat } from './read/detect.js';
import { FileReader } from './read/fileReader.js';
import { readLegacy } from './read/legacy.js';
import { readNumpyPickle } from './read/numpyPickle.js';
import type { CheckpointFormat, ParsedCheckpoint } from './read/parsed.js';
import { readSafetensors } from './read/safetensors.js';
import { gatherScattered } from './read/scattered.js';
import { isShardIndex, partOfSeveral, readShardIndex } from './read/shardIndex.js';
import { ChecksumCheck } from './read/storedChecksum.js';
import { readZip } from './read/zip.js';
import {
  type ElementType,
  elementSize,
  isContiguous,
  type Scattered,
  type StorageRegion,
  type TensorEntry,
} from './tensorEntry.js';
import { splitWeightsPath } from './weightsPath.js';

/** An opened file: descriptions only, so that opening is quick and small whatever the file's size. */
export class CheckpointFile {
  /** Entries by canonical name. */
  readonly entries: ReadonlyMap<string, TensorEntry>;
  readonly family: NamingFamily;
  /** True when names carried `module.`, the mark of a run on several GPUs. */
  readonly isFromSeveralGpus: boolean;

  /** Which of the models in the file this is, and which others there are. */
  readonly model: ModelChoice;
  /** What its answer head's names begin with where that is not as published. */
  readonly answerHeadAt: string | undefined;
  readonly #checksums = new ChecksumCheck();

  private constructor(
    readonly path: string,
    readonly numBytes: number,
    readonly parsed: ParsedCheckpoint,
    key: string | undefined,
  ) {
    const names = parsed.entries.map((entry) => entry.name);
    this.model = parsed.model ?? chooseModel(path, [{ keys: [], names }], key);
    const { encoder } = this.model;
    this.family = encoder === undefined ? namingFamily(names) : familyOfStem(encoder);
    const { canonical, answerHeadAt } = canonicalNames(names, this.model);
    this.answerHeadAt = answerHeadAt;
    this.isFromSeveralGpus = wrappersIn(canonical.keys()).includes('module');
    const entries = new Map<string, TensorEntry>();
    for (const entry of parsed.entries) {
      const name = canonical.get(entry.name);
      if (name === undefined) continue;
      const other = entries.get(name);
      if (other !== undefined) {
        throw new CheckpointError(
          path,
          `the tensors ${other.name} and ${entry.name} are the same one by two names.`,
        );
      }
      entries.set(name, entry);
    }
    tieDecoder(entries);
    this.entries = entries;
  }

  /**
   * Opens a `.pth`, `.bin`, `.safetensors`, `.caffemodel` or `.pkl` (NumPy arrays) file; the layout is told from its
   * content, and for Caffe's, which bears no mark, also from its ending. A file may hold several models (a moving
   * average, a teacher): the one that names call the model is taken, another as `FILE#KEY`. The index of a model in several
   * files (`model.safetensors.index.json`) stands for all of them.
   *
   * @throws UsageError when there is no such file
   * @throws CheckpointError that says what is wrong: empty, cut short, HTML, hostile, another kind of file
   */
  static async open(weights: string): Promise<CheckpointFile> {
    const { file: name, key } = splitWeightsPath(weights);
    using file = FileReader.open(name);
    if (isShardIndex(name)) return await CheckpointFile.#ofParts(file, key);
    refusePart(name);
    const format = detectFormat(file);
    return new CheckpointFile(name, file.size, await readers[format](file, key), key);
  }

  /** A model in several files, by its index. */
  static async #ofParts(index: FileReader, key: string | undefined): Promise<CheckpointFile> {
    const entries: TensorEntry[] = [];
    let format: CheckpointFormat = 'safetensors';
    let numBytes = index.size;
    for (const [location, names] of readShardIndex(index)) {
      if (!existsSync(location)) {
        throw new CheckpointError(
          index.path,
          `the index names ${path.basename(location)}, which is not beside it. Copy all parts of the model into one folder.`,
        );
      }
      using part = FileReader.open(location);
      format = detectFormat(part);
      const parsed = await readers[format](part, undefined);
      const found = new Map(parsed.entries.map((entry) => [entry.name, entry]));
      const lost = [...names].find((name) => !found.has(name));
      if (lost !== undefined) {
        throw new CheckpointError(
          index.path,
          `${path.basename(location)} has no tensor ${lost}, which the index says it has. The parts are not of one model; copy them again.`,
        );
      }
      entries.push(...parsed.entries.filter(({ name }) => names.has(name)));
      numBytes += part.size;
    }
    return new CheckpointFile(
      index.path,
      numBytes,
      { format, entries, metadata: new Map(), wrapper: [], ignored: [] },
      key,
    );
  }

  /** The layout, as its first bytes tell it. */
  get format(): CheckpointFormat {
    return this.parsed.format;
  }

  /**
   * A tensor by canonical name, over a private mapping of the file: its bytes come from the disk when they are
   * used, and nothing is copied unless the file's layout asks for it. Weights in 8 bits come as the numbers they stand
   * for, float32.
   *
   * @throws CheckpointError when the file has no such tensor, or states another checksum of its bytes
   */
  tensor(name: string): Tensor {
    const entry = this.entries.get(name);
    if (entry === undefined) throw new CheckpointError(this.path, `there is no tensor ${name} in this file.`);
    const { scales } = entry;
    if (scales === undefined) return this.#stored(entry);
    return scope(() => {
      const rows = ops.view(this.#stored(scales), [entry.shape[0] ?? 0, 1]);
      return ops.mul(ops.to(this.#stored(entry), 'float32'), rows);
    });
  }

  /** What lies in the file, as it is. */
  #stored(entry: TensorEntry): Tensor {
    this.requireIntact(entry);
    const { file, byteOffset, numElements, dtype, scattered } = entry.storage;
    return scope(() => {
      if (scattered !== undefined) {
        const storage = gatherElements(entry.storage, scattered);
        return ops.contiguous(ops.asStrided(storage, entry.shape, entry.strides, entry.storageOffset));
      }
      if (isContiguous(entry)) {
        const first = byteOffset + entry.storageOffset * elementSize(dtype);
        return ops.view(mapElements(file, first, entry.numElements, dtype), entry.shape);
      }
      const storage = mapElements(file, byteOffset, numElements, dtype);
      return ops.asStrided(storage, entry.shape, entry.strides, entry.storageOffset);
    });
  }

  /** For whoever reads an entry's bytes from the file. @throws CheckpointError when the file states another checksum of them */
  requireIntact(entry: TensorEntry): void {
    this.#checksums.require(entry);
  }
}

/** @throws CheckpointError for one of several files that are a model together */
function refusePart(file: string): void {
  const { part = 1, count = 1 } = partOfSeveral(file) ?? {};
  if (count === 1) return;
  throw new CheckpointError(
    file,
    `this is part ${part} of ${count} of a model. Name its index (the file that ends in .index.json), or the folder of all parts.`,
  );
}

const readers: Readonly<
  Record<
    CheckpointFormat,
    (file: FileReader, key: string | undefined) => ParsedCheckpoint | Promise<ParsedCheckpoint>
  >
> = {
  'pth-zip': readZip,
  'pth-legacy': readLegacy,
  safetensors: readSafetensors,
  caffemodel: readCaffemodel,
  'numpy-pickle': readNumpyPickle,
};

/** Elements that must be put together first, in new memory. */
function gatherElements(storage: StorageRegion, scattered: Scattered): Tensor {
  const bytes = fromTypedArray(gatherScattered(storage, scattered));
  if (storage.dtype === 'bool') return ops.ne(bytes, 0);
  return ops.viewDType(bytes, storage.dtype);
}

/** A region of the file. Booleans are bytes there, and kernels rely on them being 0 or 1: any other byte is true. */
function mapElements(file: string, byteOffset: number, numElements: number, dtype: ElementType): Tensor {
  if (dtype !== 'bool') return mapFile(file, byteOffset, numElements, dtype);
  return ops.ne(mapFile(file, byteOffset, numElements, 'uint8'), 0);
}

/**
 * safetensors files leave out the masked-LM decoder, which is tied to the word embeddings: it comes back as a view of
 * them, so that a pre-training model is whole.
 */
function tieDecoder(entries: Map<string, TensorEntry>): void {
  const decoder = 'cls.predictions.decoder.weight';
  const words = entries.get('bert.embeddings.word_embeddings.weight');
  if (words !== undefined && entries.has('cls.predictions.bias') && !entries.has(decoder)) {
    entries.set(decoder, words);
  }
}
