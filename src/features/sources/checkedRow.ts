/** @file From a row as its file has it to one that a store takes: filled up, in pixels, checked, with its place in errors. */

import { LxmertError } from '../../common/errors.js';
import { formatCount } from '../../formats/numbers.js';
import { PIXEL_CORNERS, toPixelCorners } from '../boxForms.js';
import { findValueProblem, PLAUSIBLE_RANGE, RANGE_SETTING } from '../featureValues.js';
import type { BrokenRow } from '../obj36Reader.js';
import { LABELS_SETTING, SIZES_SETTING } from '../provenance.js';
import { type FeatureRow, findIdProblem, findRowProblem } from '../row.js';
import { RowError } from '../rowError.js';
import type { LabelKind } from '../tsvColumns.js';
import type { PictureSize, RawRow, StatedSource } from './indexedRows.js';
import type { RowSource } from './rowSource.js';
import type { RowForm } from './surveyRows.js';

/**
 * With zeros for labels that are not there, and corners in pixels.
 *
 * @throws LxmertError, without file and place, when the row is not sound
 */
export function checkedRow(raw: RawRow, form: RowForm, { sizes }: StatedSource): FeatureRow {
  const { imageId, features } = raw;
  const numBoxes = raw.boxes.length / 4;
  if (features.length !== numBoxes * form.featureSize)
    throw new LxmertError(
      `features should hold ${formatCount(form.featureSize, 'value')} for each of ${formatCount(numBoxes, 'box')}, as those of the first rows do; ` +
        `it holds ${formatCount(features.length, 'value')}.`,
    );
  const { height, width } = form.hasSizes ? sizeOf(raw, sizes) : { height: 1, width: 1 };
  const row = {
    imageId,
    height,
    width,
    numBoxes,
    objectsId: raw.objectsId ?? new BigInt64Array(numBoxes),
    objectsConf: raw.objectsConf ?? new Float32Array(numBoxes),
    attrsId: raw.attrsId ?? new BigInt64Array(numBoxes),
    attrsConf: raw.attrsConf ?? new Float32Array(numBoxes),
    boxes: toPixelCorners({ boxes: raw.boxes, width, height }, form.boxForm),
    features,
  };
  const problem = findRowProblem(row) ?? findValueProblem(features, form.range);
  if (problem !== undefined) throw new LxmertError(problem);
  return row;
}

function sizeOf({ imageId, height, width }: RawRow, sizes: StatedSource['sizes']): PictureSize {
  const stated = sizes?.get(imageId);
  if (stated !== undefined) return stated;
  if (height === undefined || width === undefined)
    throw new LxmertError(
      sizes === undefined
        ? 'it has no size of its picture, and others have.'
        : 'the file that --sizes-from names has no size of this picture.',
    );
  return { height, width };
}

/**
 * An error of {@link checkedRow}, or of reading the row, with file and place; any other error as it is.
 *
 * @param place such as `train.h5, row 3`
 * @param line its number from 1
 */
export function asRowError(error: unknown, place: string, line: number, imageId: string): unknown {
  if (!(error instanceof LxmertError)) return error;
  const isSound = findIdProblem(imageId) === undefined;
  return new RowError(
    place,
    line,
    isSound ? imageId : undefined,
    `${isSound ? ` (image ${imageId})` : ''}: ${error.message}`,
  );
}

/** A row for the list of those that are left out. */
export function brokenRow({ line, imageId, message }: RowError, start: number): BrokenRow {
  return { line, start, imageId: imageId ?? null, message };
}

/** What whoever reads the store must know of its rows. */
export function settingsOf(
  labels: LabelKind,
  { range, hasSizes }: Pick<RowForm, 'range' | 'hasSizes'>,
): RowSource['settings'] {
  return {
    ...(labels === 'all' ? {} : { [LABELS_SETTING]: labels }),
    ...(hasSizes ? {} : { [SIZES_SETTING]: 'none' }),
    ...(range === PLAUSIBLE_RANGE ? {} : { [RANGE_SETTING]: `${range.low},${range.high}` }),
  };
}

/** The form of boxes as shards record it; nothing for corners in pixels. */
export function boxFormIdentity({
  boxForm,
}: Pick<RowForm, 'boxForm'>): Pick<RowSource['identity'], 'boxForm'> {
  return boxForm.format === PIXEL_CORNERS.format && boxForm.unit === PIXEL_CORNERS.unit
    ? {}
    : { boxForm: `${boxForm.format} ${boxForm.unit}` };
}
