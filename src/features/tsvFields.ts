/** @file The fields of one line of a TSV file, decoded one by one, with errors that say where they stand. */

import { decodeBase64 } from '../formats/base64.js';
import { decodeFloats, decodeIntegers, NUMBER_TYPES, type NumberType } from './numberTypes.js';
import { findIdProblem } from './row.js';
import { RowError } from './rowError.js';
import type { TsvColumn, TsvColumns } from './tsvColumns.js';

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const BYTE_ORDER_MARK = Buffer.of(0xef, 0xbb, 0xbf);

/** A line without the byte-order marks that editors and `cat` of such files leave at its beginning. */
export function withoutMark(line: Buffer): Buffer {
  let from = 0;
  while (line.subarray(from, from + 3).equals(BYTE_ORDER_MARK)) from += 3;
  return from === 0 ? line : line.subarray(from);
}

/** A line without the carriage returns that a line end in text mode on Windows leaves before its own. */
export function withoutReturns(line: Buffer): Buffer {
  let to = line.length;
  while (line[to - 1] === CARRIAGE_RETURN) to--;
  return to === line.length ? line : line.subarray(0, to);
}

/** A remark: it begins with a number sign and is not divided into fields. */
export function isComment(line: Buffer): boolean {
  return line[0] === NUMBER_SIGN && ![TAB, COMMA, SEMICOLON, BAR].some((code) => line.includes(code));
}

/** How many values a field must hold. */
export interface WantedValues {
  readonly numBoxes: number;
  readonly valuesPerBox: number;
}

/** The columns of one line. */
export class TsvFields {
  readonly #bounds: [number, number][] = [];
  #imageId: string | undefined;
  /** What of the fields decoded so far is not written as documented. */
  readonly quirks = new Set<string>();

  /** @throws LxmertError when the line has another number of columns */
  constructor(
    private readonly bytes: Buffer,
    private readonly columns: TsvColumns,
    private readonly file: string,
    private readonly line: number,
  ) {
    const { delimiter, numFields } = columns;
    for (let from = 0; this.#bounds.length < MAX_FIELDS; ) {
      const to = bytes.indexOf(delimiter, from);
      this.#bounds.push([from, to < 0 ? bytes.length : to]);
      if (to < 0) break;
      from = to + 1;
    }
    while (this.#bounds.length > numFields && isEmpty(this.#bounds.at(-1))) this.#bounds.pop();
    if (this.#bounds.length !== numFields) this.fail(this.#columnProblem());
  }

  #columnProblem(): string {
    const { places, numFields } = this.columns;
    const names = [...places.keys()].join(', ');
    const found = this.#bounds.length;
    const cause =
      found > numFields
        ? ' Two rows ran together, as an interrupted writer leaves them.'
        : ' The row is cut short, as an interrupted writer leaves it.';
    return `expected ${numFields} columns divided by ${this.columns.delimiterName} (${names}); found ${found}.${cause}`;
  }

  text(column: TsvColumn): string {
    const bytes = this.#field(column);
    try {
      const text = strictUtf8.decode(bytes);
      if (column === 'img_id' && findIdProblem(text) === undefined) this.#imageId = text;
      return text;
    } catch {
      return this.fail(`${column} is not valid UTF-8.`);
    }
  }

  /** A whole number, which may be written with zeros after a decimal point. */
  count(column: TsvColumn, max: number): number {
    const text = this.#field(column).toString('latin1');
    const [, digits] = /^(\d{1,9})(?:\.0+)?$/.exec(text) ?? [];
    if (digits === undefined || Number(digits) < 1 || Number(digits) > max)
      this.fail(
        `${column} should be a whole number from 1 to ${max}; found ${shorten(text)}.` +
          (text.length > LONGEST_NUMBER ? ORDER_HINT : ''),
      );
    return Number(digits);
  }

  /** @param wanted how many there must be; any number when absent */
  floats(column: TsvColumn, type: NumberType, wanted?: WantedValues): Float32Array {
    const bytes = this.base64(column);
    this.#checkLength(column, bytes, type, wanted);
    return decodeFloats(bytes, type);
  }

  integers(column: TsvColumn, type: NumberType, wanted: WantedValues): BigInt64Array {
    const bytes = this.base64(column);
    this.#checkLength(column, bytes, type, wanted);
    const values = decodeIntegers(bytes, type);
    return values ?? this.fail(`${column} should hold class numbers; it holds numbers that are not whole.`);
  }

  #checkLength(
    column: TsvColumn,
    bytes: ArrayBuffer,
    type: NumberType,
    wanted: WantedValues | undefined,
  ): void {
    const width = NUMBER_TYPES[type];
    const found = bytes.byteLength / width;
    if (!Number.isInteger(found))
      this.fail(
        `${column} holds ${bytes.byteLength} bytes, not a whole number of ${width}-byte values. The row is cut or damaged.`,
      );
    if (wanted === undefined) return;
    const numValues = wanted.numBoxes * wanted.valuesPerBox;
    if (found !== numValues)
      this.fail(`${column} should hold ${numValues} values for ${wanted.numBoxes} boxes; it holds ${found}.`);
  }

  /**
   * The decoder takes the two letters of the URL alphabet as well: they are read in a field that has no other of the two.
   */
  base64(column: TsvColumn): ArrayBuffer {
    const field = this.#field(column);
    const wrong = `${column} is not valid base64`;
    const decoded = decodeBase64(field);
    if (decoded === 'length')
      this.fail(
        `${wrong}: its length is ${field.length} characters, not a multiple of 4. The row is cut or damaged.`,
      );
    const isOfUrls = field.includes(DASH) || field.includes(UNDERSCORE);
    if (decoded === 'character' || (isOfUrls && (field.includes(PLUS) || field.includes(SLASH))))
      this.fail(`${wrong}: it holds a character outside the base64 alphabet.`);
    if (isOfUrls) this.quirks.add('base64 has the alphabet of URLs (- and _)');
    if (field.length % 4 !== 0) this.quirks.add('base64 has no padding');
    return decoded.buffer;
  }

  /** Without what writers put around it: blanks, quotes, and Python's `b'...'`. */
  #field(column: TsvColumn): Buffer {
    let [from, to] = this.#bounds[this.columns.places.get(column) as number] as [number, number];
    while (from < to && this.bytes[from] === BLANK) from++;
    while (from < to && this.bytes[to - 1] === BLANK) to--;
    if (isQuoted(this.bytes, from, to, DOUBLE_QUOTE) || isQuoted(this.bytes, from, to, QUOTE)) {
      [from, to] = [from + 1, to - 1];
      this.quirks.add('fields stand in quotes');
    }
    const isBytes =
      this.bytes[from] === LETTER_B && [QUOTE, DOUBLE_QUOTE].includes(this.bytes[from + 1] ?? 0);
    if (isBytes && isQuoted(this.bytes, from + 1, to, this.bytes[from + 1] as number)) {
      [from, to] = [from + 2, to - 1];
      this.quirks.add("fields are written as Python writes bytes (b'...')");
    }
    return this.bytes.subarray(from, to);
  }

  fail(problem: string): never {
    const image = this.#imageId === undefined ? '' : ` (image ${this.#imageId})`;
    throw new RowError(`${this.file}, line ${this.line}`, this.line, this.#imageId, `${image}: ${problem}`);
  }
}

function isEmpty(bounds: readonly [number, number] | undefined): boolean {
  return bounds !== undefined && bounds[0] === bounds[1];
}

function isQuoted(bytes: Buffer, from: number, to: number, quote: number): boolean {
  return to - from >= 2 && bytes[from] === quote && bytes[to - 1] === quote;
}

/** A longer text stands in another column's place. */
const LONGEST_NUMBER = 12;
const ORDER_HINT =
  " The columns may stand in another order than obj36's; a header line that names them is read in any order.";
/** More are not told apart. */
const MAX_FIELDS = 100;
const TAB = 0x09;
const CARRIAGE_RETURN = 0x0d;
const NUMBER_SIGN = 0x23;
const COMMA = 0x2c;
const SEMICOLON = 0x3b;
const BAR = 0x7c;
const BLANK = 0x20;
const DOUBLE_QUOTE = 0x22;
const QUOTE = 0x27;
const PLUS = 0x2b;
const DASH = 0x2d;
const SLASH = 0x2f;
const UNDERSCORE = 0x5f;
const LETTER_B = 0x62;

function shorten(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);
}
