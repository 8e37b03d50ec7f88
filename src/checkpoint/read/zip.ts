/** @file torch.save's layout since 2020: a zip archive of one pickle and one member for each storage. */

import { crc32 } from 'node:zlib';
import { CheckpointError } from '../checkpointError.js';
import { readPickle } from '../pickle/interpreter.js';
import { PickleSource } from '../pickle/source.js';
import { type PickleLimits, pickleLimits } from '../pickle/stack.js';
import { findTorchGlobal, readStorageId } from '../pickle/torchGlobals.js';
import type { PickleValue } from '../pickle/values.js';
import type { FileReader } from './fileReader.js';
import {
  type ParsedCheckpoint,
  resolveEntries,
  type SavedLimits,
  type SavedObject,
  withPickleErrors,
} from './parsed.js';
import { findStateDict, isTorchTensor } from './stateDict.js';
import { listStoredMembers, type StoredMember } from './zipArchive.js';

/** Describes the tensors of a zip .pth file. @throws CheckpointError when it is damaged or no weights. */
export async function readZip(file: FileReader, key?: string): Promise<ParsedCheckpoint> {
  const { root, regionOf } = await openZip(file);
  const stateDict = findStateDict(file.path, root, isTorchTensor, key);
  const entries = resolveEntries(file.path, stateDict, regionOf);
  const { wrapper, ignored, model } = stateDict;
  return { format: 'pth-zip', entries, metadata: new Map(), wrapper, ignored, model };
}

/** What was saved, and where the bytes of its storages lie. @throws CheckpointError when the file is damaged */
export async function openZip(file: FileReader, limits: SavedLimits = {}): Promise<SavedObject> {
  const members = await listStoredMembers(file, limits);
  const pickle = findPickle(file.path, members);
  const prefix = pickle.name.slice(0, -'data.pkl'.length);
  requireLittleEndian(file, members.get(`${prefix}byteorder`));
  // torch can be told to leave checksums out (`set_crc32_options`); then all fields are 0.
  const hasChecksums = [...members.values()].some((member) => member.crc32 !== 0);
  return {
    root: unpickle(file, pickle, hasChecksums, limits.pickle ?? pickleLimits),
    regionOf: (storage) => {
      const member = members.get(`${prefix}data/${storage.key}`);
      if (member !== undefined) {
        const { byteOffset, byteLength } = member;
        return hasChecksums ? member : { byteOffset, byteLength };
      }
      throw new CheckpointError(
        file.path,
        `the archive has no member ${prefix}data/${storage.key}, which its tensors need: it is damaged.`,
      );
    },
  };
}

function unpickle(
  file: FileReader,
  member: StoredMember,
  hasChecksum: boolean,
  limits: PickleLimits,
): PickleValue {
  if (member.byteLength > limits.bytes) {
    throw new CheckpointError(
      file.path,
      `its data.pkl has ${member.byteLength} bytes, too many for weights.`,
    );
  }
  const bytes = file.read(member.byteOffset, member.byteLength);
  if (hasChecksum && crc32(bytes) !== member.crc32) {
    throw new CheckpointError(
      file.path,
      `the checksum of ${member.name} is wrong: the file is damaged; download or copy it again.`,
    );
  }
  const environment = { findGlobal: findTorchGlobal, persistentLoad: readStorageId, limits };
  return withPickleErrors(file.path, () => readPickle(PickleSource.of(bytes), environment));
}

function findPickle(path: string, members: ReadonlyMap<string, StoredMember>): StoredMember {
  const names = [...members.keys()];
  const pickles = names.filter((name) => /^([^/]+\/)?data\.pkl$/.test(name));
  if (names.some((name) => /^([^/]+\/)?constants\.pkl$/.test(name))) {
    throw new CheckpointError(
      path,
      'the archive holds a TorchScript program, not weights. Save model.state_dict() with torch.save instead.',
    );
  }
  if (pickles.length === 1) return members.get(pickles[0]!)!;
  const found = names.length === 0 ? 'nothing' : names.slice(0, 4).join(', ');
  throw new CheckpointError(
    path,
    `this zip archive is not a PyTorch checkpoint: it should hold one data.pkl and holds ${found}. If the weights are packed inside, unpack it first.`,
  );
}

function requireLittleEndian(file: FileReader, member: StoredMember | undefined): void {
  if (member === undefined) return; // only newer versions of torch write it
  const order = file.read(member.byteOffset, Math.min(member.byteLength, 16)).toString('latin1');
  if (order === 'little') return;
  throw new CheckpointError(
    file.path,
    `its numbers are stored in byte order ${JSON.stringify(order)}; save it again on a little-endian machine.`,
  );
}
