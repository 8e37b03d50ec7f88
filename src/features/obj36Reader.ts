/** @file Reading obj36 TSV files, the published form of LXMERT's region features, row by row. */

import { LxmertError } from '../common/errors.js';
import { asByteSource, type ByteSource } from '../formats/lines/byteSource.js';
import { readLines } from '../formats/lines/lineReader.js';
import { type FeatureRow, findIdProblem, findRowProblem, MAX_BOXES, MAX_IMAGE_SIDE } from './row.js';

/** Columns in file order. There is no header line. */
const OBJ36_COLUMNS = [
  'img_id',
  'img_h',
  'img_w',
  'objects_id',
  'objects_conf',
  'attrs_id',
  'attrs_conf',
  'num_boxes',
  'boxes',
  'features',
] as const;

/** Far above a real row: 36 boxes of 2048 values take 395,180 bytes, 100 boxes 1.1 MB. */
const MAX_ROW_BYTES = 1 << 26;

const ROW_LIMITS = {
  maxLineBytes: MAX_ROW_BYTES,
  expected: 'no row of region features is. Is this really an obj36 TSV file?',
} as const;

export interface Obj36ReadOptions {
  /** Stop after this many rows: the first 512 are the reference's `--tiny`, the first 5000 its `--fast`. */
  readonly maxImages?: number;
  /** Byte at which a row starts, and its line number, to go on where an earlier reading stopped. */
  readonly start?: number;
  readonly firstLine?: number;
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
 * Yields the rows of an obj36 TSV file (a path, or a member of an archive), checked, in constant memory. Blank lines are skipped.
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
  for await (const line of readLines(source, { ...options, ...ROW_LIMITS })) {
    if (line.bytes.length === 0) continue;
    const row = parseObj36Row(line.bytes, name, line.number);
    yield { row, line: line.number, start: line.start, end: line.end, lineEnding: line.ending };
    if (++numRows >= max) return;
  }
}

/**
 * Reads the row of one image; other rows are only read as far as their id.
 *
 * @throws LxmertError when no row has this id or its row is not sound.
 */
export async function readFeatureRow(file: string, imageId: string): Promise<FeatureRow> {
  let numRows = 0;
  let firstId = '';
  for await (const line of readLines(file, ROW_LIMITS)) {
    if (line.bytes.length === 0) continue;
    const tab = line.bytes.indexOf(TAB);
    const id = line.bytes.subarray(0, tab < 0 ? undefined : tab).toString('utf8');
    if (id === imageId) return parseObj36Row(line.bytes, file, line.number);
    if (numRows++ === 0) firstId = id.slice(0, 100);
  }
  if (numRows === 0) throw new LxmertError(`${file} holds no rows.`);
  throw new LxmertError(
    `${file} has no row for image ${imageId}. It holds ${numRows} images; the first is ${firstId}.`,
  );
}

/** Reads image ids, box counts and places only, without decoding; for reading ahead and for finding rows again. */
export async function* scanObj36(
  source: string | ByteSource,
  options: Obj36ReadOptions = {},
): AsyncGenerator<ScannedRow, void, undefined> {
  let numRows = 0;
  const { name } = asByteSource(source);
  for await (const line of readLines(source, { ...options, ...ROW_LIMITS })) {
    if (line.bytes.length === 0) continue;
    const fields = new Fields(line.bytes, name, line.number);
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

/**
 * Decodes one row.
 *
 * @param bytes the line without its end.
 * @throws LxmertError naming `file`, `line` and, where it can be read, the image.
 */
function parseObj36Row(bytes: Buffer, file: string, line: number): FeatureRow {
  const fields = new Fields(bytes, file, line);
  const row: FeatureRow = {
    imageId: fields.text('img_id'),
    height: fields.count('img_h', MAX_IMAGE_SIDE),
    width: fields.count('img_w', MAX_IMAGE_SIDE),
    numBoxes: fields.count('num_boxes', MAX_BOXES),
    objectsId: fields.int64('objects_id'),
    objectsConf: fields.float32('objects_conf'),
    attrsId: fields.int64('attrs_id'),
    attrsConf: fields.float32('attrs_conf'),
    boxes: fields.float32('boxes'),
    features: fields.float32('features'),
  };
  const problem = findRowProblem(row);
  if (problem !== undefined) fields.fail(problem);
  return row;
}

type Column = (typeof OBJ36_COLUMNS)[number];
const TAB = 0x09;
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The columns of one line, decoded one by one. */
class Fields {
  readonly #bounds: [number, number][] = [];
  #imageId: string | undefined;

  constructor(
    private readonly bytes: Buffer,
    private readonly file: string,
    private readonly line: number,
  ) {
    let from = 0;
    while (this.#bounds.length < 100) {
      const tab = bytes.indexOf(TAB, from);
      this.#bounds.push([from, tab < 0 ? bytes.length : tab]);
      if (tab < 0) break;
      from = tab + 1;
    }
    if (this.#bounds.length !== OBJ36_COLUMNS.length) this.fail(this.#columnProblem());
  }

  #columnProblem(): string {
    const found = this.#bounds.length;
    const hint =
      found === 6
        ? ' Six columns are the older bottom-up-attention format, which has no labels; it is not read here.'
        : '';
    return `expected ${OBJ36_COLUMNS.length} columns divided by tabs (${OBJ36_COLUMNS.join(', ')}); found ${found}.${hint}`;
  }

  text(column: Column): string {
    const bytes = this.#field(column);
    try {
      const text = strictUtf8.decode(bytes);
      if (column === 'img_id' && findIdProblem(text) === undefined) this.#imageId = text;
      return text;
    } catch {
      return this.fail(`${column} is not valid UTF-8.`);
    }
  }

  count(column: Column, max: number): number {
    const text = this.#field(column).toString('latin1');
    if (!/^\d{1,9}$/.test(text) || Number(text) < 1 || Number(text) > max)
      this.fail(`${column} should be a whole number from 1 to ${max}; found ${shorten(text)}.`);
    return Number(text);
  }

  int64(column: Column): BigInt64Array {
    return new BigInt64Array(this.#base64(column, 8));
  }

  float32(column: Column): Float32Array {
    return new Float32Array(this.#base64(column, 4));
  }

  /**
   * Node's decoder skips what is not base64 and stops at a padding sign, so anything wrong inside shows as too
   * few bytes; it also takes the two letters of the URL alphabet, which are not base64 here.
   */
  #base64(column: Column, itemBytes: number): ArrayBuffer {
    const field = this.#field(column);
    const wrong = `${column} is not valid base64`;
    if (field.length % 4 !== 0)
      this.fail(`${wrong}: its length is ${field.length} characters, not a multiple of 4.`);
    const padding = field.length === 0 ? 0 : field.at(-2) === EQUALS ? 2 : field.at(-1) === EQUALS ? 1 : 0;
    const decoded = new ArrayBuffer((field.length / 4) * 3 - padding);
    const target = Buffer.from(decoded);
    let written = 0;
    for (let from = 0; from < field.length; from += BASE64_CHUNK)
      written += target.write(field.toString('latin1', from, from + BASE64_CHUNK), written, 'base64');
    if (written !== target.length || field.includes(DASH) || field.includes(UNDERSCORE))
      this.fail(`${wrong}: it holds a character outside the base64 alphabet.`);
    if (decoded.byteLength % itemBytes !== 0)
      this.fail(
        `${column} holds ${decoded.byteLength} bytes, not a whole number of ${itemBytes}-byte values.`,
      );
    return decoded;
  }

  #field(column: Column): Buffer {
    const [from, to] = this.#bounds[OBJ36_COLUMNS.indexOf(column)] as [number, number];
    return this.bytes.subarray(from, to);
  }

  fail(problem: string): never {
    const image = this.#imageId === undefined ? '' : ` (image ${this.#imageId})`;
    throw new LxmertError(`${this.file}, line ${this.line}${image}: ${problem}`);
  }
}

/** Characters decoded at once, a multiple of 4: V8 makes short strings four times faster than one of 393,216. */
const BASE64_CHUNK = 1 << 15;
const EQUALS = 0x3d;
const DASH = 0x2d;
const UNDERSCORE = 0x5f;

function shorten(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);
}
