/**
 * @file torch.save's layout until 2020, in which the 2019 LXMERT files are: five pickles (magic number, protocol,
 * system, object, storage keys), then for each key an int64 element count and the raw elements.
 */

import { CheckpointError } from '../checkpointError.js';
import { PickleError } from '../pickle/error.js';
import { type PickleEnvironment, readPickle } from '../pickle/interpreter.js';
import { PickleSource } from '../pickle/source.js';
import { pickleLimits } from '../pickle/stack.js';
import { findTorchGlobal, readStorageId, type StorageReference } from '../pickle/torchGlobals.js';
import { describeValue, PickleDict, type PickleValue } from '../pickle/values.js';
import { elementSize } from '../tensorEntry.js';
import { type FileReader, truncated } from './fileReader.js';
import {
  type ByteRegion,
  type ParsedCheckpoint,
  resolveEntries,
  type SavedLimits,
  type SavedObject,
  withPickleErrors,
} from './parsed.js';
import { findStateDict, isTorchTensor } from './stateDict.js';

/** The first pickle of every such file. */
const legacyMagic = 0x1950a86a20f9469cfc6cn;
const legacyProtocol = 1001;

/** Describes the tensors of an older .pth file. @throws CheckpointError when it is damaged or no weights. */
export function readLegacy(file: FileReader, key?: string): ParsedCheckpoint {
  const { root, regionOf } = openLegacy(file);
  const stateDict = findStateDict(file.path, root, isTorchTensor, key);
  const entries = resolveEntries(file.path, stateDict, regionOf);
  const { wrapper, ignored, model } = stateDict;
  return { format: 'pth-legacy', entries, metadata: new Map(), wrapper, ignored, model };
}

/** What was saved, and where the bytes of its storages lie. @throws CheckpointError when the file is damaged */
export function openLegacy(
  file: FileReader,
  { pickle: limits = pickleLimits }: SavedLimits = {},
): SavedObject {
  const source = new PickleSource((offset, length) => file.read(offset, length), 0, file.size);
  const storages = new Map<string, StorageReference>();
  const { root, keys } = withPickleErrors(file.path, () => {
    readPreamble(source);
    return {
      root: readPickle(source, { ...environmentFor(storages), limits }),
      keys: readKeys(readPickle(source, { ...plainEnvironment, limits })),
    };
  });
  const regions = locateStorages(file, source.position, keys, storages);
  return {
    root,
    regionOf: (storage) => {
      const region = regions.get(storage.key);
      if (region !== undefined) return region;
      throw new CheckpointError(file.path, `storage ${storage.key} is not among the file's storages.`);
    },
  };
}

/** True when the bytes begin with the magic pickle, as protocols 2 to 5 write it. */
export function isLegacy(head: Buffer): boolean {
  try {
    return readPickle(PickleSource.of(head), plainEnvironment) === legacyMagic;
  } catch {
    return false;
  }
}

const plainEnvironment: PickleEnvironment = {
  findGlobal: () => undefined,
  persistentLoad: (id) => {
    throw new PickleError(`it refers to ${describeValue(id)} where plain numbers belong`);
  },
};

function readPreamble(source: PickleSource): void {
  if (readPickle(source, plainEnvironment) !== legacyMagic)
    throw new PickleError('its magic number is wrong');
  const protocol = readPickle(source, plainEnvironment);
  if (protocol !== legacyProtocol) {
    throw new PickleError(`its layout version is ${describeValue(protocol)}, and ${legacyProtocol} is known`);
  }
  const system = readPickle(source, plainEnvironment);
  if (system instanceof PickleDict && system.entries.get('little_endian') === false) {
    throw new PickleError('it was written on a big-endian machine; save it again on a little-endian one');
  }
}

/** Remembers every storage that the object mentions, and that two mentions agree. */
function environmentFor(storages: Map<string, StorageReference>): PickleEnvironment {
  return {
    findGlobal: findTorchGlobal,
    persistentLoad: (id) => {
      const storage = readStorageId(id);
      const known = storages.get(storage.key);
      if (
        known !== undefined &&
        (known.dtype !== storage.dtype || known.numElements !== storage.numElements)
      ) {
        throw new PickleError(`it describes storage ${storage.key} in two ways`);
      }
      storages.set(storage.key, known ?? storage);
      return storage;
    },
  };
}

function readKeys(value: PickleValue): string[] {
  if (!Array.isArray(value)) throw new PickleError(`its list of storages is ${describeValue(value)}`);
  const keys = value.map((key) => {
    if (typeof key !== 'string') throw new PickleError(`its list of storages names ${describeValue(key)}`);
    return key;
  });
  if (new Set(keys).size !== keys.length) throw new PickleError('its list of storages names one twice');
  return keys;
}

/** Walks the raw part: each storage's count must be the one that the object gave. */
function locateStorages(
  file: FileReader,
  start: number,
  keys: readonly string[],
  storages: ReadonlyMap<string, StorageReference>,
): Map<string, ByteRegion> {
  const regions = new Map<string, ByteRegion>();
  let position = start;
  for (const key of keys) {
    const storage = storages.get(key);
    if (storage === undefined) {
      throw new CheckpointError(
        file.path,
        `storage ${key} is listed but no tensor uses it: the file is damaged.`,
      );
    }
    const count = file.read(position, 8).readBigInt64LE();
    if (count !== BigInt(storage.numElements)) {
      throw new CheckpointError(
        file.path,
        `storage ${key} should have ${storage.numElements} elements and says ${count}: the file is damaged; download or copy it again.`,
      );
    }
    const byteLength = storage.numElements * (storage.dtype === undefined ? 1 : elementSize(storage.dtype));
    position += 8;
    if (position + byteLength > file.size) throw truncated(file.path, position + byteLength, file.size);
    regions.set(key, { byteOffset: position, byteLength });
    position += byteLength;
  }
  return regions;
}
