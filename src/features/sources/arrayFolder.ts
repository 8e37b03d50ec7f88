/** @file Folders of NumPy files, one a picture: `ID.npz`, or `ID.npy` with `ID_info.npy` beside it. */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { isNumberArray } from '../../checkpoint/pickle/index.js';
import { LxmertError, unreadable } from '../../common/errors.js';
import { firstZipMember } from '../../formats/zip/firstMember.js';
import { imageIdOf } from '../imageId.js';
import type { FeatureFormat } from './featureFormat.js';
import { someFirstName } from './firstNames.js';
import type { StatedSource } from './indexedRows.js';
import { readNpyValue, readNpzRecord } from './npzRecord.js';
import type { PictureRecord } from './pictureFields.js';
import { openRecords, type Records } from './recordSource.js';
import type { RowSource } from './rowSource.js';
import { archiveFormOf } from './uniter.js';

const INFO = '_info.npy';
/** A file of all arrays of one picture takes some megabytes. */
export const MAX_FILE_BYTES = 1 << 28;

/** One file a picture, as MILVLG's extractor, openvqa, UNITER and mmf write them. */
export const arrayFolder: FeatureFormat = {
  name: 'folders of NumPy files, one a picture (.npz, or .npy with _info.npy)',
  recognises: ({ path: given, kind }) =>
    kind === 'folder'
      ? holdsArrays(given)
      : kind === 'npy'
        ? infoOf(given) !== undefined
        : kind === 'zip' && (firstZipMember(given) ?? '').endsWith('.npy'),
  open: openArrayFolder,
};

function holdsArrays(folder: string): boolean {
  return someFirstName(
    folder,
    (name) =>
      name.endsWith('.npz') ||
      name.endsWith(INFO) ||
      (name.endsWith('.npy') && infoOf(path.join(folder, name)) !== undefined),
  );
}

/** The file with boxes beside a file of vectors. */
function infoOf(file: string): string | undefined {
  const info = file.replace(/\.npy$/, INFO);
  return info !== file && statSync(info, { throwIfNoEntry: false })?.isFile() === true ? info : undefined;
}

async function openArrayFolder(given: string, stated: StatedSource): Promise<RowSource> {
  const isFolder = statSync(given).isDirectory();
  const folder = isFolder ? given : path.dirname(given);
  const all = isFolder ? readdirSync(folder) : [path.basename(given)];
  const files = all.filter((name) => (isFolder ? name.endsWith('.npz') : !name.endsWith('.npy'))).sort();
  const pairs = all.filter((name) => name.endsWith('.npy') && !name.endsWith(INFO)).sort();
  if (files.length > 0 && pairs.length > 0)
    throw new LxmertError(
      `${given} holds .npz files and .npy files, such as ${files[0]} and ${pairs[0]}: move those of one kind to a folder of their own.`,
    );
  const records = files.length > 0 ? await archives(given, folder, files) : vectors(given, folder, pairs);
  return await openRecords(records, stated);
}

/** `ID.npz` */
async function archives(given: string, folder: string, files: readonly string[]): Promise<Records> {
  const record = async (index: number) =>
    await readNpzRecord(readWhole(path.join(folder, files[index] as string)));
  const { idOf, notes } = await archiveFormOf(() => record(0));
  return {
    ...about(given, folder, files),
    format: 'npz',
    notes,
    idAt: (index) => idOf(files[index] as string),
    record,
  };
}

/** `ID.npy` and `ID_info.npy` */
function vectors(given: string, folder: string, files: readonly string[]): Records {
  return {
    ...about(given, folder, files),
    format: 'npy',
    notes: [
      'one .npy file a picture with _info.npy beside it as mmf writes them, whose own features are of another detector (X-101, X-152)',
    ],
    idAt: (index) => imageIdOf(files[index] as string),
    async record(index) {
      const file = path.join(folder, files[index] as string);
      const features = readNpyValue('it', readWhole(file));
      if (!isNumberArray(features)) throw new LxmertError('it holds no array of features.');
      const info = file.replace(/\.npy$/, INFO);
      const described = readNpyValue(path.basename(info), readWhole(info));
      if (!(described instanceof Map))
        throw new LxmertError(`${path.basename(info)} holds no dictionary of boxes.`);
      return new Map([...(described as PictureRecord), ['features', features]]);
    },
  };
}

function about(
  given: string,
  folder: string,
  files: readonly string[],
): Pick<Records, 'name' | 'fileName' | 'numBytes' | 'numRows' | 'place' | 'close'> {
  return {
    name: given,
    fileName: path.basename(path.resolve(given)),
    numBytes: files.reduce((sum, file) => sum + statSync(path.join(folder, file)).size, 0),
    numRows: files.length,
    place: (index) => (given === folder ? (files[index] as string) : 'its arrays'),
    close: () => undefined,
  };
}

function readWhole(file: string): Buffer {
  try {
    const { size } = statSync(file);
    if (size > MAX_FILE_BYTES)
      throw new LxmertError(`it has ${size} bytes; a picture's has ${MAX_FILE_BYTES} at most.`);
    return readFileSync(file);
  } catch (error) {
    throw error instanceof LxmertError ? error : unreadable(file, error);
  }
}
