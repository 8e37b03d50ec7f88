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

/** What is known of a source before its rows are looked at. */
export type SurveyedSource = Pick<IndexedRows, 'name' | 'labels' | 'notes' | 'boxForm'>;

/** Rows whose number of boxes is looked at. */
const NUM_ROWS = 256;
/** Rows whose numbers are looked at. */
const NUM_DECODED = 32;

/**
 * What some rows of a source tell of all; none of them need be given when none can be read.
 *
 * @throws LxmertError when they cannot be region features as they are documented or stated
 */
export function surveySamples(
  source: SurveyedSource,
  given: readonly RawRow[],
  stated: StatedSource,
): Omit<RowSurvey, 'mostBoxes'> {
  const samples = given
    .filter(({ boxes }) => boxes.length >= 4)
    .map((sample) => ({ ...sample, ...stated.sizes?.get(sample.imageId) }));
  // No row can be read: whoever reads the first says why.
  const featureSize =
    mostFrequent(samples.map(({ boxes, features }) => features.length / (boxes.length / 4))) ??
    stated.featureSize ??
    0;
  if (stated.featureSize !== undefined && featureSize !== stated.featureSize)
    throw new LxmertError(
      `${source.name} has ${featureSize} values for each box, and --feature-size states ${stated.featureSize}.`,
    );
  const range = stated.featureRange ?? PLAUSIBLE_RANGE;
  const hasSizes = samples.some(({ width }) => width !== undefined) || samples.length === 0;
  const pictures = samples.flatMap((sample) =>
    sample.width === undefined ? [] : [{ ...sample, width: sample.width, height: sample.height ?? 0 }],
  );
  const boxForm = hasSizes
    ? chooseForm(source, pictures, stated.boxForm)
    : chooseFormOfShares(source, samples, stated.boxForm);
  return {
    form: { boxForm, featureSize, range, hasSizes },
    notes: [
      ...source.notes,
      ...formNotes(boxForm, source.boxForm),
      ...valueNotes(source.name, samples, stated),
      ...reachNotesOf(pictures, boxForm),
      ...missingNotes(source, hasSizes),
    ],
  };
}

/** Looks at the first rows of a source. @throws as {@link surveySamples} */
export async function surveyRows(rows: IndexedRows, stated: StatedSource): Promise<RowSurvey> {
  const samples = await readSamples(rows);
  let mostBoxes = samples.reduce((max, { boxes }) => Math.max(max, boxes.length / 4), 1);
  for (let index = 0; index < Math.min(rows.numRows, NUM_ROWS); index++)
    mostBoxes = Math.max(mostBoxes, rows.numBoxesAt?.(index) ?? 0);
  return { ...surveySamples(rows, samples, stated), mostBoxes };
}

/** Rows that can be read; a broken one is met again. */
async function readSamples(rows: IndexedRows): Promise<RawRow[]> {
  const samples: RawRow[] = [];
  for (let index = 0; index < Math.min(rows.numRows, NUM_DECODED); index++) {
    try {
      samples.push(await rows.read(index));
    } catch (error) {
      if (!(error instanceof LxmertError)) throw error;
    }
  }
  return samples;
}

/** What a store of such rows is not good for. */
function missingNotes({ labels }: SurveyedSource, hasSizes: boolean): string[] {
  return [
    ...(labels === 'none'
      ? ['there are no labels, which pre-training alone needs']
      : labels === 'objects'
        ? ['there are no attributes, which pre-training alone needs']
        : []),
    ...(hasSizes ? [] : ['there are no sizes of pictures, without which boxes cannot be drawn']),
  ];
}

function chooseForm(
  { name, boxForm: documented = PIXEL_CORNERS }: SurveyedSource,
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

const STATE_FORM = 'State what they are with --box-format and --box-unit of lxmert features convert.';

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
  { name, boxForm }: SurveyedSource,
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
      'State the sizes with --sizes-from FILE of lxmert features convert, such as the annotations of COCO (instances_val2014.json).',
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
