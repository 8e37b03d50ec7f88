/** @file Pictures within a table, and the ids that questions about them have: those that `prepare` gives. */

import { UsageError } from '../../common/errors.js';
import type { ParquetColumn, ParquetRow } from '../../formats/parquet/parquetTable.js';
import { cocoDigits } from '../cocoImages.js';
import { shardOf } from '../prepare/hubTables.js';
import { knownSplit } from '../prepare/vqaTables.js';

/** A column of pictures. */
export interface PictureColumn {
  readonly name: string;
  /** The id of a row's picture; undefined where the row states none. */
  readonly idOf: (row: ParquetRow) => string | undefined;
}

/** What the ids are made of. */
export interface NamedPictures {
  readonly pictures: readonly PictureColumn[];
  /** Columns without pictures that the ids are made of. */
  readonly texts: readonly string[];
}

/** Columns that name a picture or a question about it, in the order in which they are looked for. */
const IDS = ['imageId', 'image_id', 'id', 'question_id'];
const PAIR_IDS = ['identifier', 'question_id', 'id', 'uid'];
const PAIRS = [
  ['left_image', 'right_image'],
  ['image0', 'image1'],
  ['img0', 'img1'],
] as const;

/**
 * @param half the half of COCO that images are of, where the table's name does not tell it
 * @throws UsageError for a table without pictures, or with some that nothing gives an id
 */
export function pictureColumns(
  file: string,
  columns: readonly ParquetColumn[],
  half: string | undefined,
): NamedPictures {
  const names = columns.map(({ name }) => name);
  const withBytes = columns.filter(({ hasBytes }) => hasBytes).map(({ name }) => name);
  if (withBytes.length === 0)
    throw new UsageError(`${file} has no column of pictures; it has ${names.join(', ')}.`);
  const pair = PAIRS.find((each) => each.every((name) => withBytes.includes(name)));
  const pairId = PAIR_IDS.find((name) => names.includes(name));
  if (pair !== undefined && pairId !== undefined) {
    const pictures = pair.map((name, i) => ({
      name,
      idOf: (row: ParquetRow) => {
        const identifier = textOf(row[pairId]);
        const end = identifier?.lastIndexOf('-') ?? -1;
        return end <= 0 ? undefined : `${identifier!.slice(0, end)}-img${i}`;
      },
    }));
    return { pictures, texts: [pairId] };
  }
  const name = withBytes.includes('image') ? 'image' : withBytes.length === 1 ? withBytes[0]! : undefined;
  const id = IDS.find((each) => names.includes(each) && !withBytes.includes(each));
  if (name === undefined || id === undefined) {
    throw new UsageError(
      `${file}: which pictures are meant, or what gives them ids, is not known. Its columns are ${names.join(', ')}; expected image beside ${IDS.join(' or ')}, or left_image and right_image beside identifier.`,
    );
  }
  if (id !== 'image_id' || !names.includes('question_id'))
    return { pictures: [{ name, idOf: (row) => textOf(row[id]) }], texts: [id] };
  return ofCoco(file, name, names.includes('coco_split'), half);
}

/** VQA numbers its images as COCO does, and the split tells the half. */
function ofCoco(file: string, name: string, hasSplit: boolean, half: string | undefined): NamedPictures {
  const ofFile = half ?? (hasSplit ? undefined : knownSplit(shardOf(file).split, file).image);
  const idOf = (row: ParquetRow): string | undefined => {
    const id = textOf(row.image_id);
    const split = textOf(row.coco_split) ?? ofFile;
    if (id === undefined || !/^\d{1,12}$/.test(id)) return id;
    return `COCO_${split}_${cocoDigits(id)}`;
  };
  return { pictures: [{ name, idOf }], texts: ['image_id', ...(hasSplit ? ['coco_split'] : [])] };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint'
    ? String(value)
    : undefined;
}
