/** @file The form of a TSV file, told by its first rows: columns, number types, form of the boxes. */

import { LxmertError } from '../common/errors.js';
import { asByteSource, type ByteSource } from '../formats/lines/byteSource.js';
import { type Line, readLines } from '../formats/lines/lineReader.js';
import { type BoxForm, describeBoxForm, PIXEL_CORNERS } from './boxForms.js';
import {
  type FeatureRange,
  findRangeNote,
  joinSummaries,
  NO_VALUES,
  PLAUSIBLE_RANGE,
  summarizeValues,
} from './featureValues.js';
import {
  chooseFeatureLayout,
  chooseFloatType,
  chooseIntegerType,
  decodeFloats,
  type FeatureLayout,
  type FieldSample,
  mostFrequent,
  NUMBER_TYPES,
  type NumberType,
} from './numberTypes.js';
import { MAX_BOXES, MAX_IMAGE_SIDE } from './row.js';
import { RowError } from './rowError.js';
import { checkBoxes, type PictureBytes, reachNotes } from './tsvBoxes.js';
import { columnsOf, type TsvColumn, type TsvColumns } from './tsvColumns.js';
import { isComment, TsvFields, withoutMark, withoutReturns } from './tsvFields.js';

/** Far above a real row: 36 boxes of 2048 values take 395,180 bytes, 100 boxes 1.1 MB. */
const MAX_ROW_BYTES = 1 << 26;

export const ROW_LIMITS = {
  maxLineBytes: MAX_ROW_BYTES,
  expected: 'no row of region features is. Is this really an obj36 TSV file?',
} as const;

/** What a user states of a file; the numbers in it are held against it. */
export interface StatedTable {
  /** Default: corners in pixels. */
  readonly boxForm?: BoxForm;
  /** Default: of LXMERT's detector. */
  readonly featureRange?: FeatureRange;
  /** Values of a region. Default: 2048 where the bytes make so many of some type, else what the values tell. */
  readonly featureSize?: number;
}

/** Everything that decoding a row asks for. */
export interface TsvForm {
  readonly columns: TsvColumns;
  readonly features: FeatureLayout;
  readonly types: ReadonlyMap<TsvColumn, NumberType>;
  readonly boxForm: BoxForm;
  readonly range: FeatureRange;
}

/** A form, and what else the first rows show. */
export interface TsvSurvey {
  readonly form: TsvForm;
  /** Phrases about what is not the documented form. */
  readonly notes: readonly string[];
  readonly lineEnding: '\n' | '\r\n';
  /** Most boxes of any of the first rows. */
  readonly mostBoxes: number;
}

/** Rows whose number of boxes is looked at. */
const NUM_ROWS = 256;
/** Rows whose numbers are looked at; some 15 ms for 36 boxes of 2048 values each. */
const NUM_DECODED = 32;

/** A row as bytes, as far as it can be read. */
interface Sample {
  readonly width: number;
  readonly height: number;
  readonly numBoxes: number;
  readonly fields: ReadonlyMap<TsvColumn, ArrayBuffer>;
  readonly quirks: ReadonlySet<string>;
}

/**
 * Looks at the first rows of a file.
 *
 * @throws LxmertError when they are in no form that is read here: with the line, what was found, and the way on
 */
export async function surveyTsv(source: string | ByteSource, stated: StatedTable = {}): Promise<TsvSurvey> {
  const { name } = asByteSource(source);
  const found = await lookAtRows(source, name);
  const { columns, samples, firstLine } = found;
  const place = `${name}, line ${firstLine}`;
  const range = stated.featureRange ?? PLAUSIBLE_RANGE;
  const features = featuresOf(samples, stated.featureRange, stated.featureSize);
  if (typeof features === 'string')
    throw new LxmertError(`${place}: ${features}${rangeHint(features, stated)}`);
  const types = typesOf(samples);
  const boxForm = stated.boxForm ?? PIXEL_CORNERS;
  const form: TsvForm = { columns, features, types, boxForm, range };
  const boxes = { pictures: picturesOf(samples), type: types.get('boxes') ?? 'float32' };
  if (stated.boxForm === undefined) checkBoxes(place, boxes);
  return {
    form,
    notes: [
      ...columns.notes,
      ...(found.hasMark ? ['a byte-order mark at its beginning is passed over'] : []),
      ...quirksOf(samples),
      ...typeNotes(form),
      ...(stated.featureRange === undefined ? valueNotes(samples, features) : []),
      ...reachNotes(boxes, boxForm),
    ],
    lineEnding: found.lineEnding,
    mostBoxes: found.mostBoxes,
  };
}

function rangeHint(problem: string, { featureRange }: StatedTable): string {
  return featureRange === undefined && problem.startsWith('features hold values from')
    ? ' If another detector makes such values, state its range: --feature-range=LOW,HIGH'
    : '';
}

interface FirstRows {
  readonly columns: TsvColumns;
  readonly samples: readonly Sample[];
  /** Of the first row. */
  readonly firstLine: number;
  readonly lineEnding: '\n' | '\r\n';
  readonly mostBoxes: number;
  readonly hasMark: boolean;
}

async function lookAtRows(source: string | ByteSource, name: string): Promise<FirstRows> {
  let columns: TsvColumns | undefined;
  let problem: string | undefined;
  let [firstLine, numRows, mostBoxes] = [1, 0, 0];
  let lineEnding: '\n' | '\r\n' = '\n';
  let hasMark = false;
  const samples: Sample[] = [];
  for await (const line of readLines(source, ROW_LIMITS)) {
    const unmarked = withoutMark(line.bytes);
    hasMark ||= unmarked.length < line.bytes.length;
    const bytes = withoutReturns(unmarked);
    if (bytes.length === 0 || isComment(bytes)) continue;
    if (columns === undefined) {
      const found = columnsOf(bytes.toString('latin1'));
      if (typeof found === 'string') problem ??= `${name}, line ${line.number}: ${found}`;
      else {
        columns = found;
        firstLine = line.number;
        if (line.ending === '\r\n') lineEnding = line.ending;
        if (found.header !== undefined) continue;
      }
    }
    if (columns !== undefined) {
      const sample = sampleOf(bytes, columns, name, line, samples.length < NUM_DECODED);
      if (sample !== undefined) mostBoxes = Math.max(mostBoxes, sample.numBoxes);
      if (sample !== undefined && sample.fields.size > 0) samples.push(sample);
    }
    if (++numRows >= NUM_ROWS) break;
  }
  if (columns === undefined) throw new LxmertError(problem ?? `${name} holds no rows of region features.`);
  if (columns.header !== undefined && numRows === 0)
    throw new LxmertError(`${name} holds no rows: a header line stands alone.`);
  return { columns, samples, firstLine, lineEnding, mostBoxes, hasMark };
}

/** A row's numbers; undefined for a broken one, which whoever reads the file meets again. */
function sampleOf(
  bytes: Buffer,
  columns: TsvColumns,
  name: string,
  line: Line,
  isDecoded: boolean,
): Sample | undefined {
  try {
    const fields = new TsvFields(bytes, columns, name, line.number);
    const decoded = new Map<TsvColumn, ArrayBuffer>();
    const size = {
      numBoxes: fields.count('num_boxes', MAX_BOXES),
      width: fields.count('img_w', MAX_IMAGE_SIDE),
      height: fields.count('img_h', MAX_IMAGE_SIDE),
    };
    if (isDecoded) {
      for (const column of columns.places.keys())
        if (!['img_id', 'img_h', 'img_w', 'num_boxes'].includes(column))
          decoded.set(column, fields.base64(column));
    }
    return { ...size, fields: decoded, quirks: fields.quirks };
  } catch (error) {
    if (error instanceof RowError) return undefined;
    throw error;
  }
}

/** The samples' bytes of one column. */
function columnOf(samples: readonly Sample[], column: TsvColumn): FieldSample[] {
  return samples.flatMap(({ numBoxes, fields }) => {
    const bytes = fields.get(column);
    return bytes === undefined ? [] : [{ numBoxes, bytes }];
  });
}

function featuresOf(
  samples: readonly Sample[],
  range: FeatureRange | undefined,
  featureSize: number | undefined,
): FeatureLayout | string {
  const all = columnOf(samples, 'features');
  const boxBytes = (sample: FieldSample) => sample.bytes.byteLength / sample.numBoxes;
  const usual = mostFrequent(all.map(boxBytes).filter((width) => Number.isInteger(width) && width >= 2));
  // No row can be read: the first one read says why.
  if (usual === undefined) return { type: 'float32', featureSize: featureSize ?? 0 };
  return chooseFeatureLayout(
    all.filter((sample) => boxBytes(sample) === usual),
    range,
    featureSize,
  );
}

function typesOf(samples: readonly Sample[]): Map<TsvColumn, NumberType> {
  const types = new Map<TsvColumn, NumberType>();
  const keep = (column: TsvColumn, type: NumberType | undefined) => {
    if (type !== undefined) types.set(column, type);
  };
  keep('boxes', chooseFloatType(columnOf(samples, 'boxes'), 4));
  for (const column of ['objects_conf', 'attrs_conf'] as const)
    keep(column, chooseFloatType(columnOf(samples, column), 1));
  for (const column of ['objects_id', 'attrs_id'] as const)
    keep(column, chooseIntegerType(columnOf(samples, column)));
  return types;
}

/** How most rows are written, where it is not as documented. */
function quirksOf(samples: readonly Sample[]): string[] {
  const all = new Set(samples.flatMap(({ quirks }) => [...quirks]));
  return [...all].filter(
    (quirk) => 2 * samples.filter(({ quirks }) => quirks.has(quirk)).length > samples.length,
  );
}

function typeNotes({ features, types, boxForm }: TsvForm): string[] {
  const usual: ReadonlyMap<TsvColumn, NumberType> = new Map([
    ['objects_id', 'int64'],
    ['attrs_id', 'int64'],
  ]);
  const notes = [...types]
    .filter(([column, type]) => type !== (usual.get(column) ?? 'float32'))
    .map(([column, type]) => `${column} are ${type}`);
  if (features.type !== 'float32')
    notes.unshift(`features are ${features.type} (${features.featureSize} values a box)`);
  if (boxForm.format !== 'xyxy' || boxForm.unit !== 'pixel')
    notes.push(`boxes are ${describeBoxForm(boxForm)}`);
  return notes;
}

/** What values tell of their detector. */
function valueNotes(samples: readonly Sample[], { type }: FeatureLayout): string[] {
  const found = columnOf(samples, 'features')
    .filter(({ bytes }) => bytes.byteLength % NUMBER_TYPES[type] === 0)
    .map(({ bytes }) => summarizeValues(decodeFloats(bytes, type)))
    .reduce(joinSummaries, NO_VALUES);
  const note = found.numValues === 0 ? undefined : findRangeNote(found);
  return note === undefined ? [] : [note];
}

function picturesOf(samples: readonly Sample[]): PictureBytes[] {
  return samples.flatMap(({ width, height, numBoxes, fields }) => {
    const bytes = fields.get('boxes');
    return bytes === undefined ? [] : [{ bytes, numBoxes, width, height }];
  });
}
