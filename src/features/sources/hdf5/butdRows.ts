/** @file HDF5 files of bottom-up-attention-vqa and its descendants (train36.hdf5, or train.hdf5 with 10 to 100 boxes). */

import { LxmertError } from '../../../common/errors.js';
import type { Hdf5Dataset, Hdf5File, Hdf5Group } from '../../../formats/hdf5/index.js';
import { formatCount } from '../../../formats/numbers.js';
import { MAX_BOXES } from '../../row.js';
import { firstFour } from '../firstFour.js';
import type { IndexedRows, RawRow } from '../indexedRows.js';
import { sizeBetween } from '../sizeBetween.js';
import { findDataset, floatsOf, integersOf, requireDataset } from './members.js';
import { readRowIds } from './rowIds.js';
import { sourceOf } from './source.js';

/** Which rows of the arrays are a picture's. */
interface Span {
  readonly first: number;
  readonly count: number;
}

/**
 * @param ids the file that says which picture each row is of, where it is stated
 * @throws LxmertError for arrays that do not fit each other; UsageError when no file of ids is found
 */
export function openButdRows(file: Hdf5File, ids: string | undefined): IndexedRows {
  const { root } = file;
  const isFixed = !root.has('pos_boxes');
  const arrays = isFixed ? fixedArrays(root) : adaptiveArrays(root);
  const { features, boxes, shares, spanOf, numPictures } = arrays;
  const rows = readRowIds(file.file, numPictures, ids);
  const hasSizes = boxes !== undefined && shares !== undefined;
  return {
    ...sourceOf(file, isFixed ? 'hdf5-fixed' : 'hdf5-adaptive'),
    numRows: rows.ids.length,
    labels: 'none',
    ...(boxes === undefined ? { boxForm: { format: 'xyxy', unit: 'share' } as const } : {}),
    notes: [
      `HDF5 with ${isFixed ? `${formatCount(spanOf(0).count, 'box')}` : '10 to 100 boxes'} for each picture, ids from ${rows.file}`,
      ...(hasSizes ? ['sizes of pictures are those by which boxes and shares differ'] : []),
      ...rows.notes,
    ],
    place: (index) => `row ${rows.places[index]}`,
    idAt: (index) => rows.ids[index] as string,
    numBoxesAt: (index) => spanOf(rows.places[index] as number).count,
    read: (index) => {
      const span = spanOf(rows.places[index] as number);
      checkSpan(span, features, isFixed);
      const read = (dataset: Hdf5Dataset): Float32Array =>
        isFixed ? floatsOf(dataset, rows.places[index], 1) : floatsOf(dataset, span.first, span.count);
      return rowOf(rows.ids[index] as string, {
        features: read(features),
        boxes: boxes === undefined ? undefined : read(boxes),
        shares: shares === undefined ? undefined : firstFour(read(shares), span.count),
      });
    },
  };
}

interface Arrays {
  readonly features: Hdf5Dataset;
  readonly boxes: Hdf5Dataset | undefined;
  readonly shares: Hdf5Dataset | undefined;
  readonly numPictures: number;
  spanOf(row: number): Span;
}

function fixedArrays(root: Hdf5Group): Arrays {
  const features = requireDataset(root, 'image_features', { sides: ['N', 'n', 'd'], numbers: 'floats' });
  const [numPictures, count] = features.shape as [number, number];
  return {
    ...boxesOf(root, [numPictures, count]),
    features,
    numPictures,
    spanOf: (row) => ({ first: row * count, count }),
  };
}

function adaptiveArrays(root: Hdf5Group): Arrays {
  const features = requireDataset(root, 'image_features', { sides: ['total', 'd'], numbers: 'floats' });
  const spans = requireDataset(root, 'pos_boxes', { sides: ['N', 2], numbers: 'integers' });
  const bounds = integersOf(spans);
  return {
    ...boxesOf(root, [features.shape[0] as number]),
    features,
    numPictures: spans.shape[0] as number,
    spanOf: (row) => {
      const [first, end] = [Number(bounds[2 * row]), Number(bounds[2 * row + 1])];
      return { first, count: end - first };
    },
  };
}

function boxesOf(root: Hdf5Group, sides: readonly number[]): Pick<Arrays, 'boxes' | 'shares'> {
  const boxes = findDataset(root, 'image_bb', { sides: [...sides, 4], numbers: 'numbers' });
  const shares = findDataset(root, 'spatial_features', { sides: [...sides, 'k'], numbers: 'floats' });
  const width = shares?.shape.at(-1) ?? 4;
  if (width < 4)
    throw new LxmertError(`spatial_features should begin with four shares of a box; it is ${shares?.text}.`);
  if (boxes === undefined && shares === undefined)
    throw new LxmertError(
      'there is neither image_bb nor spatial_features, so nothing says where the boxes are.',
    );
  return { boxes, shares };
}

function checkSpan({ first, count }: Span, features: Hdf5Dataset, isFixed: boolean): void {
  const most = isFixed ? Number.POSITIVE_INFINITY : features.numRows;
  if (!(count >= 1 && count <= MAX_BOXES && first >= 0 && first + count <= most))
    throw new LxmertError(
      `${isFixed ? 'image_features' : 'pos_boxes'} should give 1 to ${MAX_BOXES} boxes within ${features.text}; ` +
        `it gives ${first} to ${first + count}.`,
    );
}

interface RowArrays {
  readonly features: Float32Array;
  readonly boxes: Float32Array | undefined;
  readonly shares: Float32Array | undefined;
}

const NAMES = { boxes: 'image_bb', shares: 'spatial_features' } as const;

function rowOf(imageId: string, { features, boxes, shares }: RowArrays): RawRow {
  if (boxes === undefined) return { imageId, features, boxes: shares as Float32Array };
  if (shares === undefined) return { imageId, features, boxes };
  return { imageId, features, boxes, ...sizeBetween(boxes, shares, NAMES) };
}
