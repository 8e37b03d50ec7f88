/** @file GQA's own object features: sixteen HDF5 files, and one JSON file that says where in them each picture is. */

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { LxmertError, messageOf, UsageError, unreadable } from '../../../common/errors.js';
import { excerptOfJson } from '../../../common/excerpt.js';
import { type Hdf5Dataset, type Hdf5File, openHdf5 } from '../../../formats/hdf5/index.js';
import { parseJson } from '../../../formats/jsonFault.js';
import { MAX_BOXES, MAX_IMAGE_SIDE } from '../../row.js';
import type { IndexedRows } from '../indexedRows.js';
import { floatsOf, requireDataset } from './members.js';

const GQA_INFO = 'gqa_objects_info.json';
const FILE_NAME = /^gqa_objects_(\d{1,3})\.h5$/;

/** 148,854 pictures take 14 MB. */
const MAX_INFO_BYTES = 1 << 28;

/** Where one picture is. */
interface Picture {
  readonly id: string;
  readonly width: number;
  readonly height: number;
  /** Boxes that are real; zeros fill up the rest. */
  readonly objectsNum: number;
  readonly file: number;
  readonly idx: number;
}

/** Whether a folder holds such files. */
export function isGqaFolder(folder: string): boolean {
  return existsSync(path.join(folder, GQA_INFO));
}

/**
 * @param given the folder, or one of its files
 * @throws UsageError when a file is missing; LxmertError for one that is none
 */
export function openGqaRows(given: string): IndexedRows {
  const isFolder = statSync(given).isDirectory();
  const folder = isFolder ? given : path.dirname(given);
  const numbers = isFolder
    ? readdirSync(folder).flatMap((name) => FILE_NAME.exec(name)?.[1] ?? [])
    : [numberOf(given)];
  const files = new Map<number, GqaFile>();
  try {
    for (const number of numbers.map(Number).sort((a, b) => a - b))
      files.set(number, openGqaFile(path.join(folder, `gqa_objects_${number}.h5`)));
    const pictures = readInfo(path.join(folder, GQA_INFO), files, isFolder);
    return rowsOf(given, files, pictures);
  } catch (error) {
    for (const { file } of files.values()) file.close();
    throw error;
  }
}

function numberOf(file: string): string {
  const number = FILE_NAME.exec(path.basename(file))?.[1];
  if (number === undefined || !existsSync(path.join(path.dirname(file), GQA_INFO)))
    throw new UsageError(
      `${file} has the datasets of GQA's object features, which ${GQA_INFO} beside it should say the pictures of; ` +
        `the files are called gqa_objects_0.h5 to gqa_objects_15.h5. Give the folder that holds them all.`,
    );
  return number;
}

interface GqaFile {
  readonly file: Hdf5File;
  readonly features: Hdf5Dataset;
  readonly boxes: Hdf5Dataset;
}

function openGqaFile(name: string): GqaFile {
  const file = openHdf5(name);
  try {
    const features = requireDataset(file.root, 'features', { sides: ['N', 'n', 'd'], numbers: 'floats' });
    const [numRows, numBoxes] = features.shape as [number, number];
    const sides = [numRows, numBoxes, 4];
    return { file, features, boxes: requireDataset(file.root, 'bboxes', { sides, numbers: 'numbers' }) };
  } catch (error) {
    file.close();
    if (!(error instanceof LxmertError) || error.message.startsWith(name)) throw error;
    throw new LxmertError(`${name}: ${error.message}`, { cause: error });
  }
}

/** @param needsAll every file that is named must be there */
function readInfo(file: string, files: ReadonlyMap<number, GqaFile>, needsAll: boolean): Picture[] {
  const entries = Object.entries(readObject(file));
  const pictures = entries.map(([id, value]) => pictureOf(file, id, value));
  const missing = new Set(pictures.map((picture) => picture.file).filter((number) => !files.has(number)));
  if (needsAll && missing.size > 0)
    throw new UsageError(
      `${file} names ${missing.size} files that are not there, such as gqa_objects_${[...missing][0]}.h5. Give one of the files by its name to convert it alone.`,
    );
  return pictures
    .filter((picture) => files.has(picture.file))
    .sort((a, b) => a.file - b.file || a.idx - b.idx);
}

function readObject(file: string): object {
  let value: unknown;
  try {
    if (statSync(file).size > MAX_INFO_BYTES) throw new LxmertError('it is far too large');
    value = parseJson(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error instanceof Error && 'code' in error) throw unreadable(file, error);
    throw new LxmertError(`${file} should say where pictures are; it cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new LxmertError(`${file} should be an object with an entry for each picture.`);
  return value;
}

const NUMBERS = {
  width: MAX_IMAGE_SIDE,
  height: MAX_IMAGE_SIDE,
  objectsNum: MAX_BOXES,
  file: 999,
  idx: 10_000_000,
} as const;

function pictureOf(file: string, id: string, value: unknown): Picture {
  const entry = (typeof value === 'object' ? value : {}) as Partial<Record<keyof typeof NUMBERS, unknown>>;
  const read = (name: keyof typeof NUMBERS): number => {
    const number = entry?.[name];
    const least = name === 'file' || name === 'idx' || name === 'objectsNum' ? 0 : 1;
    if (typeof number !== 'number' || !Number.isInteger(number) || number < least || number > NUMBERS[name])
      throw new LxmertError(
        `${file}, image ${id}: ${name} should be a whole number from ${least} to ${NUMBERS[name]}; found ${excerptOfJson(number)}.`,
      );
    return number;
  };
  return {
    id,
    width: read('width'),
    height: read('height'),
    objectsNum: read('objectsNum'),
    file: read('file'),
    idx: read('idx'),
  };
}

function rowsOf(
  given: string,
  files: ReadonlyMap<number, GqaFile>,
  pictures: readonly Picture[],
): IndexedRows {
  const at = (index: number) => pictures[index] as Picture;
  return {
    name: given,
    fileName: path.basename(path.resolve(given)),
    numBytes: [...files.values()].reduce((sum, { file }) => sum + file.size, 0),
    format: 'hdf5-gqa',
    numRows: pictures.length,
    labels: 'none',
    detector: 'gqa-objects',
    notes: [`GQA's object features, ${files.size} of them HDF5 files: another detector than LXMERT's`],
    place: (index) => `gqa_objects_${at(index).file}.h5, row ${at(index).idx}`,
    idAt: (index) => at(index).id,
    numBoxesAt: (index) => at(index).objectsNum,
    read(index) {
      const { id, width, height, objectsNum, file, idx } = at(index);
      const { features, boxes } = files.get(file) as GqaFile;
      const [numRows, numBoxes, featureSize] = features.shape as [number, number, number];
      if (idx >= numRows || objectsNum > numBoxes)
        throw new LxmertError(
          `${GQA_INFO} names row ${idx} with ${objectsNum} boxes; the file has ${numRows} rows of ${numBoxes}.`,
        );
      return {
        imageId: id,
        width,
        height,
        features: floatsOf(features, idx, 1).slice(0, objectsNum * featureSize),
        boxes: floatsOf(boxes, idx, 1).slice(0, objectsNum * 4),
      };
    },
    close() {
      for (const { file } of files.values()) file.close();
    },
  };
}
