/** @file Reading TSV files of region features (obj36, the published form of LXMERT's, and its kin), row by row. */

import { asByteSource, type ByteSource } from '../formats/lines/byteSource.js';
import { type Line, readLines } from '../formats/lines/lineReader.js';
import { formatCount } from '../formats/numbers.js';
import { toPixelCorners } from './boxForms.js';
import { findValueProblem } from './featureValues.js';
import { noRowFor } from './imageId.js';
import { NUMBER_TYPES } from './numberTypes.js';
import { type FeatureRow, findRowProblem, MAX_BOXES, MAX_IMAGE_SIDE } from './row.js';
import { RowError } from './rowError.js';
import { isComment, TsvFields, withoutMark, withoutReturns } from './tsvFields.js';
import { ROW_LIMITS, type StatedTable, surveyTsv, type TsvForm } from './tsvForm.js';

export interface Obj36ReadOptions extends StatedTable {
  /** Stop after this many rows: the first 512 are the reference's `--tiny`, the first 5000 its `--fast`. */
  readonly maxImages?: number;
  /** Byte at which a row starts, and its line number, to go on where an earlier reading stopped. */
  readonly start?: number;
  readonly firstLine?: number;
  /** The file's form, where it is known ({@link surveyTsv}); it is looked for otherwise. */
  readonly form?: TsvForm;
  /** Told each row that is not sound, which is then left out; without it such a row is an error. */
  readonly onBroken?: ((broken: BrokenRow) => void) | undefined;
}

/** A row that is left out. */
export interface BrokenRow {
  readonly line: number;
  /** Byte of the file at which it starts. */
  readonly start: number;
  /** Null when it cannot be read. */
  readonly imageId: string | null;
  /** A sentence with file and line. */
  readonly message: string;
}

/** A row and where it stands in its file. */
export interface LocatedRow {
  readonly row: FeatureRow;
  readonly line: number;
  /** Byte range in the file, line end included. */
  readonly start: number;
  readonly end: number;
  readonly lineEnding: '\n' | '\r\n' | '';
}

/** What a first reading of a row says of it. */
export interface ScannedRow {
  readonly imageId: string;
  readonly numBoxes: number;
  /** Line end included. */
  readonly numBytes: number;
  readonly start: number;
  readonly line: number;
}

/**
 * Yields the rows of a TSV file (a path, or a member of an archive), checked, in constant memory. Blank lines are skipped.
 * Columns, number types and a byte-order mark are told by the first rows; docs/reference/features.md has the rules.
 *
 * @throws LxmertError naming file and line for a row that is not sound; UsageError when there is no such file.
 */
export async function* readObj36(
  source: string | ByteSource,
  options: Obj36ReadOptions = {},
): AsyncGenerator<LocatedRow, void, undefined> {
  const max = options.maxImages ?? Number.POSITIVE_INFINITY;
  let numRows = 0;
  if (max <= 0) return;
  const { name } = asByteSource(source);
  const form = options.form ?? (await surveyTsv(source, options)).form;
  for await (const line of rowLines(source, form, options)) {
    const row = rowOrBroken(line, form, name, options.onBroken);
    if (row === undefined) continue;
    yield { row, line: line.number, start: line.start, end: line.end, lineEnding: line.ending };
    if (++numRows >= max) return;
  }
}

/**
 * Reads the row of one image; other rows are only read as far as their id.
 *
 * @throws LxmertError when no row has this id or its row is not sound.
 */
export async function readFeatureRow(
  file: string,
  imageId: string,
  stated: StatedTable = {},
): Promise<FeatureRow> {
  const { form } = await surveyTsv(file, stated);
  let numRows = 0;
  let firstId = '';
  for await (const line of rowLines(file, form)) {
    const id = idOf(line, form, file);
    if (id === imageId) return parseRow(line.bytes, form, file, line.number);
    if (numRows++ === 0) firstId = id?.slice(0, 100) ?? '';
  }
  throw noRowFor(file, imageId, `It holds ${formatCount(numRows, 'image')}; the first is ${firstId}.`);
}

/** Reads image ids, box counts and places only, without decoding; for reading ahead and for finding rows again. */
export async function* scanObj36(
  source: string | ByteSource,
  options: Obj36ReadOptions = {},
): AsyncGenerator<ScannedRow, void, undefined> {
  let numRows = 0;
  const { name } = asByteSource(source);
  const form = options.form ?? (await surveyTsv(source, options)).form;
  for await (const line of rowLines(source, form, options)) {
    const fields = new TsvFields(line.bytes, form.columns, name, line.number);
    yield {
      imageId: fields.text('img_id'),
      numBoxes: fields.count('num_boxes', MAX_BOXES),
      numBytes: line.end - line.start,
      start: line.start,
      line: line.number,
    };
    if (++numRows >= (options.maxImages ?? Number.POSITIVE_INFINITY)) return;
  }
}

/** Lines that are rows: neither blank nor the header. */
async function* rowLines(
  source: string | ByteSource,
  { columns: { header } }: TsvForm,
  { start, firstLine }: Obj36ReadOptions = {},
): AsyncGenerator<Line> {
  const place = {
    ...(start === undefined ? {} : { start }),
    ...(firstLine === undefined ? {} : { firstLine }),
  };
  for await (const line of readLines(source, { ...place, ...ROW_LIMITS })) {
    const bytes = withoutReturns(withoutMark(line.bytes));
    if (bytes.length === 0 || isComment(bytes)) continue;
    if (header?.length === bytes.length && bytes.toString('latin1') === header) continue;
    yield { ...line, bytes };
  }
}

/** Undefined for a row whose id cannot be read. */
function idOf(line: Line, form: TsvForm, file: string): string | undefined {
  try {
    return new TsvFields(line.bytes, form.columns, file, line.number).text('img_id');
  } catch (error) {
    if (error instanceof RowError) return undefined;
    throw error;
  }
}

function rowOrBroken(
  line: Line,
  form: TsvForm,
  file: string,
  onBroken: Obj36ReadOptions['onBroken'],
): FeatureRow | undefined {
  try {
    return parseRow(line.bytes, form, file, line.number);
  } catch (error) {
    if (!(error instanceof RowError) || onBroken === undefined) throw error;
    onBroken({
      line: line.number,
      start: line.start,
      imageId: error.imageId ?? idOf(line, form, file) ?? null,
      message: error.message,
    });
    return undefined;
  }
}

/**
 * Decodes one row.
 *
 * @param bytes the line without its end.
 * @throws RowError naming `file`, `line` and, where it can be read, the image.
 */
function parseRow(bytes: Buffer, form: TsvForm, file: string, line: number): FeatureRow {
  const fields = new TsvFields(bytes, form.columns, file, line);
  const imageId = fields.text('img_id');
  const [height, width] = [fields.count('img_h', MAX_IMAGE_SIDE), fields.count('img_w', MAX_IMAGE_SIDE)];
  const numBoxes = fields.count('num_boxes', MAX_BOXES);
  const { places } = form.columns;
  const ids = (column: 'objects_id' | 'attrs_id') =>
    places.has(column)
      ? fields.integers(column, form.types.get(column) ?? 'int64', { numBoxes, valuesPerBox: 1 })
      : new BigInt64Array(numBoxes);
  const floats = (column: 'objects_conf' | 'attrs_conf' | 'boxes', valuesPerBox: number) =>
    places.has(column)
      ? fields.floats(column, form.types.get(column) ?? 'float32', { numBoxes, valuesPerBox })
      : new Float32Array(numBoxes * valuesPerBox);
  const labels = {
    objectsId: ids('objects_id'),
    objectsConf: floats('objects_conf', 1),
    attrsId: ids('attrs_id'),
    attrsConf: floats('attrs_conf', 1),
  };
  const boxes = toPixelCorners({ boxes: floats('boxes', 4), width, height }, form.boxForm);
  const features = featuresOf(fields, form, numBoxes);
  const row: FeatureRow = { imageId, height, width, numBoxes, ...labels, boxes, features };
  const problem = findRowProblem(row) ?? findValueProblem(features, form.range);
  if (problem !== undefined) fields.fail(problem);
  return row;
}

function featuresOf(
  fields: TsvFields,
  { features: { type, featureSize } }: TsvForm,
  numBoxes: number,
): Float32Array {
  const features = fields.floats('features', type);
  const boxBytes = (features.length * NUMBER_TYPES[type]) / numBoxes;
  if (features.length % numBoxes === 0 && features.length > 0 && features.length !== numBoxes * featureSize)
    fields.fail(
      `features take ${boxBytes} bytes for each box, and those of the file's first rows ${featureSize * NUMBER_TYPES[type]}: ` +
        'the row is cut, or of another number type.',
    );
  return features;
}
