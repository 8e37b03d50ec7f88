/** @file What the first rows of a source tell: the form of their boxes, the length of their vectors, whose values they are. */

import { LxmertError } from '../../common/errors.js';
import {
  type BoxForm,
  describeBoxForm,
  findOtherForm,
  fits,
  PIXEL_CORNERS,
  type PictureBoxes,
} from '../boxForms.js';
import { reachNotesOf } from '../boxReach.js';
import {
  type FeatureRange,
  findRangeNote,
  findSummaryProblem,
  joinSummaries,
  NO_VALUES,
  PLAUSIBLE_RANGE,
  summarizeValues,
} from '../featureValues.js';
import { mostFrequent } from '../numberTypes.js';
import type { IndexedRows, RawRow, StatedSource } from './indexedRows.js';

/** How the rows of a source are read. */
export interface RowForm {
  readonly boxForm: BoxForm;
  readonly featureSize: number;
  readonly range: FeatureRange;
  /** False where neither the file nor the user has sizes: pictures of 1 x 1 stand for them. */
  readonly hasSizes: boolean;
}

/** A form, and what else the first rows show. */
export interface RowSurvey {
  readonly form: RowForm;
  readonly notes: readonly string[];
  readonly mostBoxes: number;
}

/** Rows whose number of boxes is looked at. */
const NUM_ROWS = 256;
/** Rows whose numbers are looked at. */
const NUM_DECODED = 32;

/** @throws LxmertError when the first rows cannot be region features as they are documented or stated */
export async function surveyRows(rows: IndexedRows, stated: StatedSource): Promise<RowSurvey> {
  const samples = await readSamples(rows, stated);
  // No row can be read: whoever reads the first says why.
  const featureSize =
    mostFrequent(samples.map(({ boxes, features }) => features.length / (boxes.length / 4))) ??
    stated.featureSize ??
    0;
  if (stated.featureSize !== undefined && featureSize !== stated.featureSize)
    throw new LxmertError(
      `${rows.name} has ${featureSize} values for each box, and --feature-size states ${stated.featureSize}.`,
    );
  const range = stated.featureRange ?? PLAUSIBLE_RANGE;
  const hasSizes = samples.some(({ width }) => width !== undefined) || samples.length === 0;
  const pictures = samples.flatMap((sample) =>
    sample.width === undefined ? [] : [{ ...sample, width: sample.width, height: sample.height ?? 0 }],
  );
  const boxForm = hasSizes
    ? chooseForm(rows, pictures, stated.boxForm)
    : chooseFormOfShares(rows, samples, stated.boxForm);
  return {
    form: { boxForm, featureSize, range, hasSizes },
    notes: [
      ...rows.notes,
      ...formNotes(boxForm, rows.boxForm),
      ...valueNotes(rows.name, samples, stated),
      ...reachNotesOf(pictures, boxForm),
    ],
    mostBoxes: numBoxesOf(rows, samples),
  };
}

/** Rows that can be read; a broken one is met again. */
async function readSamples(rows: IndexedRows, stated: StatedSource): Promise<RawRow[]> {
  const samples: RawRow[] = [];
  for (let index = 0; index < Math.min(rows.numRows, NUM_DECODED); index++) {
    try {
      const row = await rows.read(index);
      if (row.boxes.length >= 4) samples.push({ ...row, ...stated.sizes?.get(row.imageId) });
    } catch (error) {
      if (!(error instanceof LxmertError)) throw error;
    }
  }
  return samples;
}

function numBoxesOf(rows: IndexedRows, samples: readonly RawRow[]): number {
  let most = samples.reduce((max, { boxes }) => Math.max(max, boxes.length / 4), 1);
  for (let index = 0; index < Math.min(rows.numRows, NUM_ROWS); index++)
    most = Math.max(most, rows.numBoxesAt?.(index) ?? 0);
  return most;
}

function chooseForm(
  { name, boxForm: documented = PIXEL_CORNERS }: IndexedRows,
  pictures: readonly PictureBoxes[],
  stated: BoxForm | undefined,
): BoxForm {
  if (stated !== undefined) return stated;
  const numFit = pictures.filter((given) => fits(given, documented)).length;
  const other = findOtherForm(pictures);
  if (2 * numFit > pictures.length && other?.unit !== 'thousandth') return documented;
  if (pictures.length === 0) return documented;
  // Corners with y first look like heights and widths that changed places: which of the two it is, no number tells.
  if (other !== undefined && other.format !== 'yxyx') return other;
  throw new LxmertError(`${name}: ${unfitText(pictures, documented)} ${STATE_FORM}`);
}

const STATE_FORM = 'State what they are with --box-format and --box-unit.';

function unfitText(pictures: readonly PictureBoxes[], documented: BoxForm): string {
  const unfit = pictures.find((given) => !fits(given, documented)) as PictureBoxes;
  const shown = Array.from(unfit.boxes.subarray(0, 4), (value) => Number(value.toPrecision(4))).join(', ');
  return (
    `the boxes of most pictures are not ${describeBoxForm(documented)}; one begins with ${shown} in a picture of ` +
    `${unfit.width} x ${unfit.height}.`
  );
}

/** Without sizes only boxes that are shares of their pictures' sides say where they lie. */
function chooseFormOfShares(
  { name, boxForm }: IndexedRows,
  samples: readonly RawRow[],
  stated: BoxForm | undefined,
): BoxForm {
  const pictures = samples.map(({ boxes }) => ({ boxes, width: 1, height: 1 }));
  const known = stated ?? (boxForm?.unit === 'share' ? boxForm : undefined);
  if (known !== undefined && known.unit !== 'pixel') return known;
  const shares: BoxForm = { format: 'xyxy', unit: 'share' };
  if (stated === undefined && pictures.every((given) => fits(given, shares))) return shares;
  throw new LxmertError(
    `${name} has boxes in pixels and no sizes of pictures, and the model needs boxes as shares of their sides. ` +
      'State the sizes with --sizes-from FILE, such as the annotations of COCO (instances_val2014.json).',
  );
}

function formNotes(boxForm: BoxForm, documented: BoxForm = PIXEL_CORNERS): string[] {
  const isDocumented = boxForm.format === documented.format && boxForm.unit === documented.unit;
  return isDocumented && boxForm.unit === 'pixel' ? [] : [`boxes are ${describeBoxForm(boxForm)}`];
}

/** What values tell of their detector. @throws LxmertError when they are no features */
function valueNotes(name: string, samples: readonly RawRow[], { featureRange }: StatedSource): string[] {
  const summaries = samples.map(({ features }) => summarizeValues(features));
  if (summaries.length === 0) return [];
  if (summaries.every(({ numZeros, numValues }) => numZeros === numValues))
    throw new LxmertError(`${name}: features hold nothing but zeros, which no detector gives.`);
  const problems = summaries.flatMap((summary) => findSummaryProblem(summary, featureRange) ?? []);
  if (2 * problems.length > summaries.length)
    throw new LxmertError(`${name}: ${problems[0]}${featureRange === undefined ? RANGE_HINT : ''}`);
  const note =
    featureRange === undefined ? findRangeNote(summaries.reduce(joinSummaries, NO_VALUES)) : undefined;
  return note === undefined ? [] : [note];
}

const RANGE_HINT = ' If another detector makes such values, state its range: --feature-range=LOW,HIGH';
